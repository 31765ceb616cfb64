"""The loop of every search that keeps one hypothesis."""

import tensorflow as tf

from ecm_tf.decoding.replies import Replies, any_batch
from ecm_tf.text.vocabulary import EOS, GO, PAD


def decode(step, state, choose, max_length, end=EOS):
    """Chooses word after word until every row has ended.

    Args:
        step: `step(words, state) -> (log_probs, state)`: int32 `(batch,)`, the words said last, to
            float32 `(batch, vocabulary)`.
        state: list of tensors `(batch, …)` before the first step.
        choose: `choose(log_probs, t) -> words`, int32 `(batch,)`.
        max_length: the most words of a reply, at least 1.
        end: id that ends a reply.

    Returns:
        `Replies`.
    """
    batch = tf.shape(state[0])[0]
    positions = tf.range(max_length)[None, :]

    def body(t, words, state, ended, ids, scores):
        log_probs, state = step(words, state)
        words = tf.where(ended, PAD, choose(log_probs, t))
        said = tf.gather(log_probs, words, batch_dims=1)
        scores += tf.where(ended, 0.0, said)
        ended |= words == end
        ids = tf.where((positions == t) & ~ended[:, None], words[:, None], ids)
        return t + 1, words, state, ended, ids, scores

    def goes_on(t, words, state, ended, ids, scores):
        return (t < max_length) & ~tf.reduce_all(ended)

    start = (
        0,
        tf.fill([batch], GO),
        list(state),
        tf.fill([batch], False),
        tf.fill([batch, max_length], PAD),
        tf.zeros([batch]),
    )
    _, _, _, _, ids, scores = tf.while_loop(goes_on, body, start, shape_invariants=any_batch(start))
    lengths = tf.reduce_sum(tf.cast(ids != PAD, tf.int32), axis=1)
    return Replies(ids, lengths, scores)
