"""N-gram blocking: a step function that forbids repeated n-grams in a reply."""

import tensorflow as tf

from ecm_tf.decoding.replies import Step
from ecm_tf.layers.masking import IMPOSSIBLE
from ecm_tf.text.vocabulary import PAD


def block_repeated_ngrams(
    step: Step, state: list[tf.Tensor], max_length: int, n: int
) -> tuple[Step, list[tf.Tensor]]:
    """Masks every word that would complete an n-gram which the reply already contains.

    It works with any search: the words so far are one more entry of the state, and follow their
    beam.

    Args:
        step: `step(words, state) -> (log_probs, state)`, as for
            `ecm_tf.decoding.decode_loop.decode`.
        state: tensors `(rows, …)` before the first step.
        max_length: maximum number of words in a reply, at least 1.
        n: length of the n-grams, at least 1.

    Returns:
        A step function and the state before its first step. Its log-probabilities equal those of
        `step`, except for masked words.

    Raises:
        ValueError: `n` is below 1.
    """
    if n < 1:
        raise ValueError(f"`n` must be at least 1. Received: {n}")
    num_ngrams = max_length - n + 1

    def blocking_step(
        words: tf.Tensor, state: list[tf.Tensor]
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        *inner_state, history = state
        history = tf.concat([history[:, 1:], words[:, None]], axis=1)
        log_probs, inner_state = step(words, inner_state)
        if num_ngrams < 1:
            return log_probs, [*inner_state, history]
        # An n-gram whose first n - 1 words equal the latest n - 1 words masks its last word.
        repeated = tf.ones([tf.shape(history)[0], num_ngrams], tf.bool)
        for offset in range(n - 1):
            latest = history[:, max_length - n + 1 + offset, None]
            repeated &= history[:, offset : offset + num_ngrams] == latest
        last = history[:, n - 1 :]
        rows = tf.repeat(tf.range(tf.shape(history)[0])[:, None], num_ngrams, axis=1)
        mask = tf.where(repeated & (last != PAD), IMPOSSIBLE, 0.0)
        masked = tf.tensor_scatter_nd_add(log_probs, tf.stack([rows, last], axis=-1), mask)
        return masked, [*inner_state, history]

    rows = tf.shape(state[0])[0]
    return blocking_step, [*state, tf.fill([rows, max_length], PAD)]
