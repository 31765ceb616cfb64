"""Repetition control: a step function that never says the same words in a row twice."""

import tensorflow as tf

from ecm_tf.decoding.replies import IMPOSSIBLE
from ecm_tf.text.vocabulary import PAD


def without_repeats(step, state, max_length, n):
    """Makes impossible what would say `n` words in a row for the second time in a reply.

    Works under any search: what was said is one more entry of the state, and follows its beam.

    Args:
        step: `step(words, state) -> (log_probs, state)`, as for `ecm_tf.decoding.loop.decode`.
        state: list of tensors `(rows, …)` before the first step.
        max_length: the most words of a reply.
        n: at least 1.

    Returns:
        A step function and the state before its first step. Its log-probabilities are those of
        `step`, except where they are impossible.

    Raises:
        ValueError: `n` is below 1.
    """
    if n < 1:
        raise ValueError(f"`n` must be at least 1. Received: {n}")
    windows = max_length - n + 1
    """How many runs of n words a reply has."""

    def careful(words, state):
        *inner, said = state
        said = tf.concat([said[:, 1:], words[:, None]], axis=1)
        log_probs, inner = step(words, inner)
        if windows < 1:
            return log_probs, [*inner, said]
        # Where the words before the last of an earlier run are the newest ones, its last is next.
        again = tf.ones([tf.shape(said)[0], windows], tf.bool)
        for offset in range(n - 1):
            again &= (
                said[:, offset : offset + windows] == said[:, max_length - n + 1 + offset, None]
            )
        last = said[:, n - 1 :]
        rows = tf.repeat(tf.range(tf.shape(said)[0])[:, None], windows, axis=1)
        penalty = tf.where(again & (last != PAD), IMPOSSIBLE, 0.0)
        banned = tf.tensor_scatter_nd_add(log_probs, tf.stack([rows, last], axis=-1), penalty)
        return banned, [*inner, said]

    rows = tf.shape(state[0])[0]
    return careful, [*state, tf.fill([rows, max_length], PAD)]
