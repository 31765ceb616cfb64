import numpy as np
import numpy_ecm
import pytest
import tensorflow as tf
from random_weights import randomize

from ecm_tf.layers import VocabularyOutput, losses

RANDOM = np.random.default_rng(6)
FEATURES = RANDOM.normal(size=[7, 5]).astype("float32")
EMOTION = np.array([0, 1, 2, 0, 1, 2, 0])
TARGETS = RANDOM.integers(0, 11, [7]).astype("int32")


@pytest.fixture
def layer():
    layer = VocabularyOutput(11)
    layer.build(FEATURES.shape)
    return randomize(layer)


def test_equals_numpy(layer):
    expected = numpy_ecm.vocabulary_log_probs(layer, FEATURES)
    np.testing.assert_allclose(layer(FEATURES), expected, atol=1e-5)
    np.testing.assert_allclose(layer(FEATURES, EMOTION), expected, atol=1e-5)
    np.testing.assert_allclose(tf.reduce_sum(tf.exp(layer(FEATURES)), 1), np.ones(7), atol=1e-5)


def test_nll_of_the_target(layer, monkeypatch):
    monkeypatch.setattr(losses, "CHUNK", 3)
    expected = -numpy_ecm.vocabulary_log_probs(layer, FEATURES)[np.arange(7), TARGETS]
    np.testing.assert_allclose(layer.nll(FEATURES, EMOTION, TARGETS), expected, atol=1e-5)


def test_training_losses(layer, monkeypatch):
    monkeypatch.setattr(losses, "CHUNK", 3)
    weights = RANDOM.uniform(size=[7]).astype("float32")
    expected = -numpy_ecm.vocabulary_log_probs(layer, FEATURES)[np.arange(7), TARGETS]
    with tf.GradientTape() as tape:
        terms = layer.training_losses(FEATURES, EMOTION, TARGETS, weights)
    assert set(terms) == {"cross_entropy"}
    np.testing.assert_allclose(terms["cross_entropy"], expected @ weights, rtol=1e-5)
    assert None not in tape.gradient(terms["cross_entropy"], [layer.kernel.value, layer.bias.value])
