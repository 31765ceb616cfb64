"""Weights that two variants share."""

import numpy as np
import pytest

from ecm_tf.config import ModelConfig
from ecm_tf.core.errors import InputError
from ecm_tf.model import ECM
from ecm_tf.training.initialization import copy_shared_weights


def test_shared_weights_are_copied_and_emotion_modules_left(make_model):
    source = make_model()
    model = make_model(use_emb=True, use_imemory=True, use_ememory=True)
    before = {weight.path: weight.numpy() for weight in model.weights}
    copied, others = copy_shared_weights(model, source)
    assert sorted(copied + others) == sorted(before)
    after = {weight.path: weight.numpy() for weight in model.weights}
    for path in others:
        np.testing.assert_array_equal(after[path], before[path], err_msg=path)
    assert any("emotion_embedding" in path for path in others)
    assert any("internal_memory" in path for path in others)
    kernel, copied_rows = model.decoder.cell.gru.kernel.numpy(), source.decoder.cell.kernel.numpy()
    initial = before[model.decoder.cell.gru.kernel.path]
    np.testing.assert_array_equal(kernel[:14], copied_rows)  # word and context
    np.testing.assert_array_equal(kernel[14:], initial[14:])  # emotion
    np.testing.assert_array_equal(model.vocabulary_output.kernel, source.vocabulary_output.kernel)
    np.testing.assert_array_equal(
        model.encoder.cells[1].weights[0], source.encoder.cells[1].weights[0]
    )


def test_the_emotion_rows_of_a_source_are_not_copied(make_model):
    """They belong to an emotion embedding that is not copied, whatever its size."""
    source = make_model(use_emb=True, emotion_size=3)
    model = make_model(use_emb=True, emotion_size=5)
    initial = model.decoder.cell.kernel.numpy()
    copy_shared_weights(model, source)
    kernel = model.decoder.cell.kernel.numpy()
    np.testing.assert_array_equal(kernel[:-5], source.decoder.cell.kernel.numpy()[:-3])
    np.testing.assert_array_equal(kernel[-5:], initial[-5:])


DIFFERENCES = [
    {"size": 9}, {"embedding_size": 4},
    {"num_layers": 1}, {"bidirectional_encoder": True}, {"tie_embeddings": True},
]  # fmt: skip


@pytest.mark.parametrize("difference", DIFFERENCES)
def test_other_sizes_are_refused(make_model, difference):
    (name,) = difference
    with pytest.raises(InputError, match=rf"^--pretrain_dir: .* with the same {name}, "):
        copy_shared_weights(make_model(), make_model(**difference))


def test_another_vocabulary_size_is_refused():
    model, other = ECM(ModelConfig(20, 18, 6, size=4)), ECM(ModelConfig(20, 17, 6, size=4))
    with pytest.raises(InputError, match="--pretrain_dir"):
        copy_shared_weights(model, other)
