"""Sampling: words drawn by their probability, with temperature, top-k and top-p (nucleus)."""

import tensorflow as tf

from ecm_tf.decoding.loop import decode
from ecm_tf.decoding.replies import IMPOSSIBLE, NEVER_SAID, forbid
from ecm_tf.text.vocabulary import EOS

_STEPS = 2**23
"""Numbers in [0, 1) that can be drawn: their product with a float32 stays below it."""


def keep_top_p(ranked, p):
    """Leaves each row the fewest words whose probabilities reach `p` (Holtzman et al. 2020).

    Args:
        ranked: float32 `(rows, words)`, logits, the largest first.
        p: in (0, 1].

    Returns:
        float32 `(rows, words)`.
    """
    before = tf.cumsum(tf.nn.softmax(ranked), axis=-1, exclusive=True)
    return tf.where(before < p, ranked, IMPOSSIBLE)


def sample(
    step,
    state,
    max_length,
    *,
    temperature=1.0,
    top_k=None,
    top_p=None,
    seed=None,
    keys=None,
    never=NEVER_SAID,
    end=EOS,
):
    """Draws every word.

    Args:
        step, state, max_length, end: as for `ecm_tf.decoding.loop.decode`.
        temperature: above 0; below 1 prefers probable words, above 1 levels them.
        top_k: draw only from this many words, at least 1; absent: from all.
        top_p: draw only from the fewest words that together are this probable, in (0, 1].
        seed: int; the same seed gives the same replies. Absent: a new one at every call.
        keys: string `(rows,)`: what a row draws depends on its key and the seed alone, not on the
            rows beside it. Absent: the row's number.
        never: ids of words that are not to be said.

    Returns:
        `Replies`; scores are the model's log-probabilities, whatever the temperature.

    Raises:
        ValueError: a setting out of range.
    """
    if temperature <= 0:
        raise ValueError(f"`temperature` must be positive. Received: {temperature}")
    if top_k is not None and top_k < 1:
        raise ValueError(f"`top_k` must be at least 1. Received: {top_k}")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"`top_p` must be in (0, 1]. Received: {top_p}")
    if seed is None:
        seed = tf.random.uniform([], maxval=2**31 - 1, dtype=tf.int32)
    if keys is None:
        keys = tf.strings.as_string(tf.range(tf.shape(state[0])[0]))

    def draw(logits, t):
        text = tf.strings.join([keys, tf.strings.as_string(seed), tf.strings.as_string(t)], "|")
        drawn = tf.strings.to_hash_bucket_fast(text, _STEPS)
        upto = tf.cumsum(tf.nn.softmax(logits), axis=-1)
        mark = tf.cast(drawn, tf.float32) / _STEPS * upto[:, -1]
        return tf.reduce_sum(tf.cast(upto <= mark[:, None], tf.int32), axis=-1)

    def choose(log_probs, t):
        return draw(forbid(log_probs, never) / temperature, t)

    def choose_from_the_top(log_probs, t):
        logits = forbid(log_probs, never) / temperature
        vocabulary = tf.shape(logits)[-1]
        ranked, words = tf.math.top_k(logits, tf.minimum(top_k or vocabulary, vocabulary))
        if top_p is not None:
            ranked = keep_top_p(ranked, top_p)
        return tf.gather(words, draw(ranked, t), batch_dims=1)

    among_all = top_k is None and top_p is None
    return decode(step, state, choose if among_all else choose_from_the_top, max_length, end)
