"""Two stages find what one would."""

import numpy as np
import pytest
import tensorflow as tf

from ecm_tf.decoding.best import top_k


@pytest.mark.parametrize("block", [1, 4, 12, 60])
@pytest.mark.parametrize("levels", [2, 5, 1_000_000])
@pytest.mark.parametrize("k", [1, 7, 60])
def test_it_ranks_as_top_k_does_ties_included(block, levels, k):
    scores = np.random.default_rng(k).integers(0, levels, [3, 60]).astype("float32")
    found, expected = top_k(tf.constant(scores), k, block), tf.math.top_k(scores, k)
    np.testing.assert_array_equal(found[0], expected.values)
    np.testing.assert_array_equal(found[1], expected.indices)
