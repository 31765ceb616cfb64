"""The decoding loop of searches with one hypothesis for each row: greedy search and sampling."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from ecm_tf.decoding.replies import Replies, Step, batch_invariants
from ecm_tf.text.vocabulary import EOS, GO, PAD


def decode(
    step: Step,
    state: list[tf.Tensor],
    choose: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    max_length: int,
    end: int = EOS,
) -> Replies:
    """Chooses one word at a time until every row has ended.

    Args:
        step: `step(words, state) -> (log_probs, state)`, from the latest words, int32 `(batch,)`,
            to float32 `(batch, vocabulary)`.
        state: tensors `(batch, …)` before the first step.
        choose: `choose(log_probs, t) -> words`, int32 `(batch,)`, where t counts steps from 0.
        max_length: maximum number of words in a reply, at least 1.
        end: id of the end token.

    Returns:
        The replies; scores are log-probabilities of `step`, in nats.
    """
    batch = tf.shape(state[0])[0]
    positions = tf.range(max_length)[None, :]

    def body(
        t: tf.Tensor,
        words: tf.Tensor,
        state: list[tf.Tensor],
        ended: tf.Tensor,
        ids: tf.Tensor,
        scores: tf.Tensor,
    ) -> tuple[Any, ...]:
        log_probs, state = step(words, state)
        words = tf.where(ended, PAD, choose(log_probs, t))
        scores += tf.where(ended, 0.0, tf.gather(log_probs, words, batch_dims=1))
        ended |= words == end
        ids = tf.where((positions == t) & ~ended[:, None], words[:, None], ids)
        return t + 1, words, state, ended, ids, scores

    def unfinished(
        t: tf.Tensor, words: tf.Tensor, state: Any, ended: tf.Tensor, *_: tf.Tensor
    ) -> tf.Tensor:
        return (t < max_length) & ~tf.reduce_all(ended)

    start = (
        0,
        tf.fill([batch], GO),
        list(state),
        tf.fill([batch], False),
        tf.fill([batch, max_length], PAD),
        tf.zeros([batch]),
    )
    invariants = batch_invariants(start)
    *_, ids, scores = tf.while_loop(unfinished, body, start, shape_invariants=invariants)
    lengths = tf.reduce_sum(tf.cast(ids != PAD, tf.int32), axis=1)
    return Replies(ids, lengths, scores)
