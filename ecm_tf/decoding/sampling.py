"""Sampling with temperature, top-k and top-p (nucleus)."""

from collections.abc import Sequence

import tensorflow as tf

from ecm_tf.decoding.decode_loop import decode
from ecm_tf.decoding.replies import MASKED_IDS, Replies, Step, mask_early_end, mask_words
from ecm_tf.layers.masking import IMPOSSIBLE
from ecm_tf.text.vocabulary import EOS

_RESOLUTION = 2**23
"""Number of different random numbers in [0, 1). With so few, `number * x < x` holds in float32."""


def keep_top_p(ranked: tf.Tensor, p: float) -> tf.Tensor:
    """Masks all but the fewest words whose total probability reaches `p` (Holtzman et al. 2020).

    Args:
        ranked: float32 `(rows, words)`, logits in descending order.
        p: probability in (0, 1].

    Returns:
        float32 `(rows, words)`, `IMPOSSIBLE` where masked.
    """
    before = tf.cumsum(tf.nn.softmax(ranked), axis=-1, exclusive=True)
    return tf.where(before < p, ranked, IMPOSSIBLE)


def sample(
    step: Step,
    state: list[tf.Tensor],
    max_length: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int | tf.Tensor | None = None,
    keys: tf.Tensor | None = None,
    masked_ids: Sequence[int] = MASKED_IDS,
    min_length: int = 0,
    end: int = EOS,
) -> Replies:
    """Samples every word from the model's distribution.

        y_t ~ softmax(log P(· | y_<t) / temperature), restricted by `top_k` and `top_p`

    Args:
        step, state, max_length, end: as for `ecm_tf.decoding.decode_loop.decode`.
        temperature: in [0.001, 1000]; values below 1 sharpen the distribution, values above 1
            flatten it.
        top_k: number of most probable words to sample from, at least 1; None: all.
        top_p: sample from the fewest words whose total probability reaches this, in (0, 1]; None:
            all.
        seed: int; the same seed gives the same replies. None: a new seed at every call.
        keys: string `(rows,)`; the random numbers of a row depend on its key and the seed only.
            None: the row's index.
        masked_ids: token ids that are never chosen.
        min_length: minimum number of words in a reply, as for `greedy_search`.

    Returns:
        The replies; scores are log-probabilities of the model in nats, at temperature 1.

    Raises:
        ValueError: a setting is out of range.
    """
    if not 1e-3 <= temperature <= 1e3:
        raise ValueError(f"`temperature` must be in [0.001, 1000]. Received: {temperature}")
    if top_k is not None and top_k < 1:
        raise ValueError(f"`top_k` must be at least 1. Received: {top_k}")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"`top_p` must be in (0, 1]. Received: {top_p}")
    if seed is None:
        seed = tf.random.uniform([], maxval=2**31 - 1, dtype=tf.int32)
    if keys is None:
        keys = tf.strings.as_string(tf.range(tf.shape(state[0])[0]))

    def draw(logits: tf.Tensor, t: tf.Tensor) -> tf.Tensor:
        # Inverse transform sampling, with a hash of key, seed and step as the random number.
        text = tf.strings.join([keys, tf.strings.as_string(seed), tf.strings.as_string(t)], "|")
        number = tf.strings.to_hash_bucket_fast(text, _RESOLUTION)
        cumulative = tf.cumsum(tf.nn.softmax(logits), axis=-1)
        threshold = tf.cast(number, tf.float32) / _RESOLUTION * cumulative[:, -1]
        return tf.reduce_sum(tf.cast(cumulative <= threshold[:, None], tf.int32), axis=-1)

    def masked(log_probs: tf.Tensor, t: tf.Tensor) -> tf.Tensor:
        return mask_early_end(mask_words(log_probs, masked_ids), t, min_length, end)

    def choose(log_probs: tf.Tensor, t: tf.Tensor) -> tf.Tensor:
        return draw(masked(log_probs, t) / temperature, t)

    def choose_from_top(log_probs: tf.Tensor, t: tf.Tensor) -> tf.Tensor:
        logits = masked(log_probs, t) / temperature
        vocabulary = tf.shape(logits)[-1]
        ranked, words = tf.math.top_k(logits, tf.minimum(top_k or vocabulary, vocabulary))
        if top_p is not None:
            ranked = keep_top_p(ranked, top_p)
        return tf.gather(words, draw(ranked, t), batch_dims=1)

    unrestricted = top_k is None and top_p is None
    return decode(step, state, choose if unrestricted else choose_from_top, max_length, end)
