"""A training step that XLA compiles computes what the usual one computes."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from eager_runs import eager_execution

from ecm_tf.config import ModelConfig, TrainingConfig
from ecm_tf.core.errors import InputError
from ecm_tf.model import ECM
from ecm_tf.training.compiled_step import CompiledECM
from ecm_tf.training.construction import compiled_model, make_optimizer
from ecm_tf.training.workers import Workers

CONFIG = ModelConfig(
    30, 30, 3, size=8, num_layers=1, embedding_size=6, emotion_size=5, imemory_size=7,
    use_emb=True, use_imemory=True, use_ememory=True,
)  # fmt: skip
BATCH = {
    "post": tf.constant([[5, 6, 7, 8], [9, 10, 0, 0], [11, 0, 0, 0]]),
    "response": tf.constant([[12, 13, 14, 2, 0], [15, 2, 0, 0, 0], [0, 0, 0, 0, 0]]),
    "emotion": tf.constant([0, 1, 2]),
}
"""Padding at the end of the whole batch, and an empty response, have no effect."""
TRAINING = TrainingConfig(optimizer="adam", learning_rate=0.01, jit_compile=True)


def trained(model_class):
    """Returns the losses of three epochs of one step each, and the weights after them."""
    keras.utils.set_random_seed(0)
    model = model_class(CONFIG, label_smoothing=0.1)
    model.set_emotion_words(np.eye(3, 30, 12))
    model.compile(optimizer=make_optimizer(TRAINING), jit_compile=False)
    history = model.fit(tf.data.Dataset.from_tensors(BATCH), epochs=3, shuffle=False, verbose=0)
    return history.history["loss"], model.get_weights()


@pytest.mark.slow
def test_losses_and_weights_are_those_of_the_usual_step():
    losses, weights = trained(CompiledECM)
    with eager_execution():
        expected, expected_weights = trained(ECM)
    np.testing.assert_allclose(losses, expected, atol=1e-5)
    for value, other in zip(weights, expected_weights, strict=True):
        np.testing.assert_allclose(value, other, atol=1e-5)


def test_several_workers_are_refused():
    workers = Workers()
    workers.count = 2
    with pytest.raises(InputError, match=r"^--jit_compile: expected a single process, .* got 2 "):
        compiled_model(CONFIG, None, TRAINING, workers)
