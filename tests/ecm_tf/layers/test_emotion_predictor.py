import numpy as np
import tensorflow as tf
from random_weights import randomize

from ecm_tf.layers import EmotionPredictor


def _case():
    random = np.random.default_rng(3)
    values = random.normal(size=[3, 4, 5]).astype("float32")
    mask = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0]], bool)
    state = random.normal(size=[3, 6]).astype("float32")
    layer = EmotionPredictor(categories=6, units=7)
    layer.build(values.shape, state.shape)
    return randomize(layer), values, state, mask


def test_logits_equal_numpy():
    layer, values, state, mask = _case()
    hidden_kernel, hidden_bias, kernel, bias = (weight.numpy() for weight in layer.weights)
    for row, logits in enumerate(layer(values, state, mask).numpy()):
        real = values[row][mask[row]] if mask[row].any() else np.zeros([1, 5])
        pooled = np.concatenate([real.mean(0), real.max(0), state[row]])
        expected = np.tanh(pooled @ hidden_kernel + hidden_bias) @ kernel + bias
        np.testing.assert_allclose(logits, expected, atol=1e-5)


def test_loss_is_the_mean_cross_entropy():
    layer, *inputs = _case()
    logits, emotion = layer(*inputs), tf.constant([5, 0, 3])
    log_probs = tf.nn.log_softmax(logits).numpy()
    expected = -np.mean([log_probs[0, 5], log_probs[1, 0], log_probs[2, 3]])
    np.testing.assert_allclose(layer.loss(logits, emotion), expected, rtol=1e-6)


def test_gradients_stop_at_the_inputs():
    layer, values, state, mask = _case()
    values, state = tf.constant(values), tf.constant(state)
    with tf.GradientTape() as tape:
        tape.watch([values, state])
        loss = tf.reduce_sum(layer(values, state, mask))
    assert tape.gradient(loss, [values, state]) == [None, None]


def test_an_empty_batch_has_no_logits():
    """Such as when no post of a batch asks for the emotion auto."""
    layer, values, state, mask = _case()
    assert layer(values[:0], state[:0], mask[:0]).shape == (0, 6)
