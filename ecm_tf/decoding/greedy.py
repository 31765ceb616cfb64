"""Greedy search: the most probable word at every step."""

import tensorflow as tf

from ecm_tf.decoding.loop import decode
from ecm_tf.decoding.replies import NEVER_SAID, forbid
from ecm_tf.text.vocabulary import EOS


def greedy_search(step, state, max_length, *, never=NEVER_SAID, end=EOS):
    """Says the most probable word, again and again.

    Args:
        step, state, max_length, end: as for `ecm_tf.decoding.loop.decode`.
        never: ids of words that are not to be said.

    Returns:
        `Replies`.
    """

    def choose(log_probs, t):
        return tf.argmax(forbid(log_probs, never), axis=-1, output_type=tf.int32)

    return decode(step, state, choose, max_length, end)
