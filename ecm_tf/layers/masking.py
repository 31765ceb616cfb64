"""Masking of logits and log-probabilities."""

import tensorflow as tf

IMPOSSIBLE = -1e30
"""Logit or log-probability of a masked entry.

It is finite, so that sums, differences and gradients contain no NaN. It exceeds the range of
float16: add it to float32 tensors only.
"""


def additive_mask(mask: tf.Tensor) -> tf.Tensor:
    """Returns what to add to logits to mask them: `IMPOSSIBLE` where `mask` is True, else 0.

    Args:
        mask: bool, any shape.

    Returns:
        float32 of the same shape.
    """
    return tf.where(mask, IMPOSSIBLE, 0.0)
