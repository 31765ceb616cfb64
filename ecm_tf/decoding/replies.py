"""What every search returns, and what it never says."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ecm_tf.text.vocabulary import GO, PAD, UNK

NEVER_SAID = (PAD, UNK, GO)
"""Words that a reply never contains. The original program lets GO pass, which no model learns."""

IMPOSSIBLE = -1e30
"""Log-probability of what must not be chosen: finite, so that sums stay numbers."""


class Replies(NamedTuple):
    """Decoded replies; beam search adds a dimension of hypotheses, best first, after the batch."""

    ids: tf.Tensor
    """Int32 `(batch, max_length)`: the words, without EOS, then PAD."""
    lengths: tf.Tensor
    """Int32 `(batch,)`: how many words; `max_length` if the reply did not end by itself."""
    scores: tf.Tensor
    """Float32 `(batch,)`: log-probability of the words and the end, in nats."""


def forbid(log_probs, words):
    """Makes some words impossible.

    Args:
        log_probs: float32 `(…, vocabulary)`, of a vocabulary whose size is known to the graph.
        words: ids, a sequence of int.

    Returns:
        float32 `(rows, vocabulary)`.
    """
    penalty = np.zeros(log_probs.shape[-1], np.float32)
    penalty[list(words)] = IMPOSSIBLE
    return log_probs + penalty


def any_batch(variables):
    """Loop invariants that leave the batch open, however much of it is known beforehand.

    Args:
        variables: nested structure of tensors, scalars or `(batch, …)`, and of Python numbers.

    Returns:
        The same structure of shapes.
    """

    def shape(variable):
        known = tf.convert_to_tensor(variable).shape
        return tf.TensorShape([None, *known[1:]]) if known.rank else known

    return tf.nest.map_structure(shape, variables)
