import numpy as np
import numpy_ecm
import pytest
import tensorflow as tf
from random_weights import randomize

from ecm_tf.layers import AdditiveAttention

RANDOM = np.random.default_rng(5)
QUERY = RANDOM.normal(size=[3, 4]).astype("float32")
VALUES = RANDOM.normal(size=[3, 5, 6]).astype("float32")


@pytest.fixture
def layer():
    layer = AdditiveAttention(7)
    layer.build(QUERY.shape, VALUES.shape)
    return randomize(layer)


def test_equals_numpy(layer):
    context, weights = layer(QUERY, VALUES)
    for row in range(3):
        expected, expected_weights = numpy_ecm.attention(layer, QUERY[row], VALUES[row])
        np.testing.assert_allclose(context[row], expected, atol=1e-5)
        np.testing.assert_allclose(weights[row], expected_weights, atol=1e-6)


def test_projected_keys_give_the_same_result(layer):
    keys = layer.project_keys(VALUES)
    for given, computed in zip(layer(QUERY, VALUES, keys), layer(QUERY, VALUES), strict=True):
        np.testing.assert_array_equal(given, computed)


def test_masking_equals_truncating(layer):
    lengths = [5, 2, 1]
    mask = np.arange(5) < np.array(lengths)[:, None]
    context, weights = layer(QUERY, VALUES, mask=mask)
    np.testing.assert_allclose(tf.reduce_sum(weights, 1), np.ones(3), atol=1e-6)
    for row, length in enumerate(lengths):
        alone, alone_weights = layer(QUERY[row : row + 1], VALUES[row : row + 1, :length])
        np.testing.assert_allclose(context[row], alone[0], atol=1e-6)
        np.testing.assert_allclose(weights[row, :length], alone_weights[0], atol=1e-6)
        np.testing.assert_array_equal(weights[row, length:], np.zeros(5 - length))


def test_masked_values_have_no_effect(layer):
    mask = np.array([[True, False, True, False, False]] * 3)
    other = np.where(mask[:, :, None], VALUES, 100.0).astype("float32")
    np.testing.assert_allclose(
        layer(QUERY, other, mask=mask)[0], layer(QUERY, VALUES, mask=mask)[0], atol=1e-6
    )


def test_context_of_a_masked_row_is_the_mean(layer):
    context, weights = layer(QUERY, VALUES, mask=np.zeros([3, 5], bool))
    np.testing.assert_allclose(weights, np.full([3, 5], 0.2), atol=1e-6)
    np.testing.assert_allclose(context, VALUES.mean(1), atol=1e-5)


def test_weights_are_float32_in_half_precision(layer):
    low = AdditiveAttention(7, dtype="mixed_float16")
    low.build(QUERY.shape, VALUES.shape)
    low.set_weights(layer.get_weights())
    mask = np.arange(5) < np.array([5, 2, 0])[:, None]
    context, weights = low(QUERY, VALUES, mask=mask)
    assert (context.dtype, weights.dtype) == (tf.float16, tf.float32)
    np.testing.assert_allclose(weights, layer(QUERY, VALUES, mask=mask)[1], atol=5e-3)
