"""The loop over time, and its variant for TensorFlow Lite."""

import numpy as np
import tensorflow as tf

from ecm_tf.model.recurrence import scan, scan_without_arrays


def test_both_loops_give_the_same_result():
    random = np.random.default_rng(0)
    inputs = tf.constant(random.normal(size=[5, 3, 2]), tf.float32)
    state = [tf.constant(random.normal(size=[3, 2]), tf.float32)]
    mask = tf.constant(random.random([5, 3]) < 0.6)

    def step(projected, state):
        new = tf.tanh(projected + 0.5 * state[0])
        return tf.concat([new, projected], -1), [new]

    outputs, (end,) = scan(step, inputs, state, mask, 4)
    others, (other_end,) = scan_without_arrays(step, inputs, state, mask, 4)
    np.testing.assert_array_equal(outputs, others)
    np.testing.assert_array_equal(end, other_end)
    assert np.abs(end - state[0]).max() > 0
