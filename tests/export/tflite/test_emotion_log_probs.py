"""The predicted emotions in `ids.tflite`, from which an application can choose."""

import numpy as np
import pytest
from exported import POSTS

from ecm_tf.inference.responder import Responder
from ecm_tf.model.directory import load_model
from export.tflite.conversion import convert
from export.tflite.files import IDS
from export.tflite.interpreter import Interpreter

pytestmark = pytest.mark.xdist_group("tflite")


def test_log_probs_equal_those_of_the_model(auto_model_dir, tmp_path):
    responder = Responder(*load_model(auto_model_dir))
    output = convert(auto_model_dir, tmp_path / "tflite")
    posts = [*POSTS, ""]
    ids = responder.post_ids(posts).numpy()
    outputs = Interpreter(output / IDS)(ids, [0] * len(posts))
    assert set(outputs) == {"ids", "lengths", "scores", "emotion_log_probs"}
    expected = responder.emotion_log_probs(posts)
    np.testing.assert_allclose(outputs["emotion_log_probs"], expected, atol=1e-4)
    assert np.ptp(outputs["emotion_log_probs"], axis=0).max() > 0.01
