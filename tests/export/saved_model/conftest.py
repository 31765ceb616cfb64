"""The model that was exported, to compare with."""

import pytest

from ecm_tf.inference.responder import Responder
from ecm_tf.model.directory import load_model


@pytest.fixture(scope="session")
def responder(model_dir):
    return Responder(*load_model(model_dir))
