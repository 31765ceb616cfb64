"""The choice of a reply's emotion, for posts whose emotion is requested as auto. Graph code."""

from typing import NamedTuple

import tensorflow as tf

from ecm_tf.decoding import Replies
from ecm_tf.text.emotions import AUTO_ID


class Candidates(NamedTuple):
    """The emotions in which a batch is replied to: all of them for auto, otherwise one."""

    rows: tf.Tensor
    """Int32 `(candidates,)`: row of the batch, ascending."""
    emotion: tf.Tensor
    """Int32 `(candidates,)`: category; all categories in order for a row with auto."""
    first: tf.Tensor
    """Int32 `(batch,)`: index of the first candidate of each row."""
    auto_rows: tf.Tensor
    """Int32 `(auto,)`: rows whose emotion is chosen, ascending."""


def emotion_candidates(emotion: tf.Tensor, categories: int) -> Candidates:
    """Returns the candidates of a batch.

    Args:
        emotion: int32 `(batch,)`, in `[0, categories)`, or `AUTO_ID`.
        categories: number of emotion categories.
    """
    auto = emotion == AUTO_ID
    counts = tf.where(auto, categories, 1)
    first = tf.cumsum(counts, exclusive=True)
    rows = tf.repeat(tf.range(tf.size(emotion)), counts)
    position = tf.range(tf.size(rows)) - tf.gather(first, rows)
    chosen = tf.where(tf.gather(auto, rows), position, tf.gather(emotion, rows))
    return Candidates(rows, chosen, first, tf.cast(tf.where(auto)[:, 0], tf.int32))


def choose_candidates(
    candidates: Candidates, log_probs: tf.Tensor, replies: Replies, auto_weight: float
) -> tf.Tensor:
    """Chooses the emotion of each row.

        argmax_e log P(e | post) + auto_weight * log P(reply | post, e) / words

    The end token counts as a word. The reply to each emotion is the best one that the search found.

    Args:
        candidates: from `emotion_candidates`.
        log_probs: float32 `(auto, categories)`, log P(emotion | post) for `candidates.auto_rows`.
        replies: the replies of each candidate, `(candidates, n_best)`, best first.
        auto_weight: weight of the reply, 0 or more.

    Returns:
        int32 `(batch,)`, index of the chosen candidate; the only one of a row without auto.
    """
    words = tf.cast(replies.lengths[:, 0] + 1, tf.float32)
    scores = replies.scores[:, 0] / words
    auto_first = tf.gather(candidates.first, candidates.auto_rows)
    indices = auto_first[:, None] + tf.range(tf.shape(log_probs)[1])[None, :]
    rank = log_probs + auto_weight * tf.gather(scores, indices)
    best = tf.argmax(rank, axis=1, output_type=tf.int32)
    return tf.tensor_scatter_nd_add(candidates.first, candidates.auto_rows[:, None], best)
