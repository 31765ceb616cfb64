"""`top_k` in two stages equals `tf.math.top_k`."""

import numpy as np
import pytest
import tensorflow as tf

from ecm_tf.decoding.top_k import top_k


@pytest.mark.parametrize("block", [1, 4, 12, 60])
@pytest.mark.parametrize("levels", [2, 5, 1_000_000])
@pytest.mark.parametrize("k", [1, 7, 60])
def test_equals_tensorflow_including_ties(block, levels, k):
    scores = np.random.default_rng(k).integers(0, levels, [3, 60]).astype("float32")
    result, expected = top_k(tf.constant(scores), k, block), tf.math.top_k(scores, k)
    np.testing.assert_array_equal(result[0], expected.values)
    np.testing.assert_array_equal(result[1], expected.indices)
