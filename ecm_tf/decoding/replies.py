"""The result of every search, masked words, and the type of step functions."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from ecm_tf.layers.masking import IMPOSSIBLE
from ecm_tf.text.vocabulary import GO, PAD, UNK

Step = Callable[[tf.Tensor, list[tf.Tensor]], tuple[tf.Tensor, list[tf.Tensor]]]
"""`step(words, state) -> (log_probs, state)`: from the latest words, int32 `(rows,)`, to the
log-probabilities of the next ones, float32 `(rows, vocabulary)`."""

MASKED_IDS = (PAD, UNK, GO)
"""Token ids that no reply contains. The original program does not mask GO, which a trained model
never predicts."""

UNFINISHED = -1e20
"""Score of a hypothesis without an end token when ranking: below all finished hypotheses, above
`IMPOSSIBLE`."""


class Replies(NamedTuple):
    """Decoded replies. Beam search adds a dimension of hypotheses after the batch, best first."""

    ids: tf.Tensor
    """Int32 `(batch, max_length)`: token ids without EOS, padded with PAD."""
    lengths: tf.Tensor
    """Int32 `(batch,)`: number of words; `max_length` if the reply has no end token."""
    scores: tf.Tensor
    """Float32 `(batch,)`: log-probability of the words and the end token, in nats."""


def mask_words(log_probs: tf.Tensor, masked_ids: Sequence[int]) -> tf.Tensor:
    """Masks words: lowers their log-probability to about `IMPOSSIBLE`.

    Args:
        log_probs: float32 `(…, vocabulary)`; the size of the vocabulary must be static.
        masked_ids: token ids to mask.

    Returns:
        float32 of the same shape.
    """
    mask = np.zeros(log_probs.shape[-1], np.float32)
    mask[list(masked_ids)] = IMPOSSIBLE
    return log_probs + mask


def mask_early_end(log_probs: tf.Tensor, t: tf.Tensor, min_length: int, end: int) -> tf.Tensor:
    """Masks the end token at the first `min_length` steps.

    Args:
        log_probs: float32 `(…, vocabulary)`; the size of the vocabulary must be static.
        t: step, counted from 0.
        min_length: minimum number of words in a reply, 0 or more.
        end: id of the end token.

    Returns:
        float32 of the same shape.

    Raises:
        ValueError: `min_length` is negative.
    """
    if min_length < 0:
        raise ValueError(f"`min_length` must be 0 or more. Received: {min_length}")
    vocabulary = log_probs.shape[-1]
    if min_length == 0 or not 0 <= end < vocabulary:
        return log_probs
    mask = np.zeros(vocabulary, np.float32)
    # Less than `IMPOSSIBLE`: the reply ends after all if every other word is masked.
    mask[end] = IMPOSSIBLE / 2
    return log_probs + tf.cast(t < min_length, tf.float32) * mask


def batch_invariants(variables: Any) -> Any:
    """Returns shape invariants for `tf.while_loop` in which only the batch size may vary.

    Args:
        variables: nested structure of Python numbers and tensors, scalars or `(batch, …)`.

    Returns:
        The same structure of `tf.TensorShape`.
    """

    def shape(variable: Any) -> tf.TensorShape:
        known = tf.convert_to_tensor(variable).shape
        return tf.TensorShape([None, *known[1:]]) if known.rank else known

    return tf.nest.map_structure(shape, variables)
