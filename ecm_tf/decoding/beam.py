"""Beam search: the most probable whole replies, best first."""

import tensorflow as tf

from ecm_tf.decoding.replies import IMPOSSIBLE, NEVER_SAID, Replies, any_batch, forbid
from ecm_tf.vocabulary import EOS, GO, PAD

_UNFINISHED = -1e20
"""Ranks what did not end behind all that did, and before nothing at all."""


def beam_search(
    step,
    state,
    max_length,
    *,
    beams,
    replies=None,
    length_penalty=0.0,
    never=NEVER_SAID,
    end=EOS,
):
    """Keeps the `beams` most probable beginnings of each example (the original program's search).

    At each step the `2 * beams` most probable continuations are looked at: those that end are
    finished, the best `beams` others go on. Everything in `state` follows its beam, the internal
    memory too. An example is done when nothing that goes on can still beat its worst reply.

    Args:
        step, state, max_length, end: as for `ecm_tf.decoding.loop.decode`, with `beams` rows for
            each example, next to each other (`ECM.begin(…, beams=beams)`).
        beams: at least 1.
        replies: how many to return for each example, at least 1; as many as beams if absent.
            Missing ones are filled up with beginnings that did not end.
        length_penalty: 0 ranks by log-probability, as the original does; larger values, up to about
            1, divide it by `words ** length_penalty` (the end counts as a word) and so prefer
            longer replies.
        never: ids of words that are not to be said.

    Returns:
        `Replies` with hypotheses after the batch, best first. Scores are plain log-probabilities.

    Raises:
        ValueError: a setting out of range.
    """
    replies = beams if replies is None else replies
    if beams < 1 or replies < 1:
        raise ValueError(
            f"`beams` and `replies` must be positive. Received: beams={beams}, replies={replies}"
        )
    if length_penalty < 0:
        raise ValueError(f"`length_penalty` must be 0 or more. Received: {length_penalty}")
    batch = tf.shape(state[0])[0] // beams
    positions = tf.range(max_length)[None, None, :]

    def rank(scores, words):
        return scores / tf.cast(words, tf.float32) ** length_penalty

    def body(t, words, state, alive, alive_ids, done, done_rank, done_ids):
        log_probs, state = step(tf.reshape(words, [-1]), state)
        vocabulary = tf.shape(log_probs)[-1]
        log_probs = tf.reshape(forbid(log_probs, never), [batch, beams, vocabulary])
        totals = tf.reshape(alive[:, :, None] + log_probs, [batch, beams * vocabulary])
        scores, flat = tf.math.top_k(totals, 2 * beams)
        parents, words = flat // vocabulary, flat % vocabulary
        ends = (words == end) & (scores > IMPOSSIBLE / 2)
        ids = tf.gather(alive_ids, parents, batch_dims=1)

        done_rank, best = tf.math.top_k(
            tf.concat([done_rank, tf.where(ends, rank(scores, t + 1), IMPOSSIBLE)], 1), replies
        )
        done = tf.gather(tf.concat([done, scores], 1), best, batch_dims=1)
        done_ids = tf.gather(tf.concat([done_ids, ids], 1), best, batch_dims=1)

        alive, best = tf.math.top_k(tf.where(words == end, IMPOSSIBLE, scores), beams)
        words = tf.gather(words, best, batch_dims=1)
        alive_ids = tf.gather(ids, best, batch_dims=1)
        alive_ids = tf.where(positions == t, words[:, :, None], alive_ids)
        rows = tf.gather(parents, best, batch_dims=1) + tf.range(batch)[:, None] * beams
        state = [tf.gather(entry, tf.reshape(rows, [-1])) for entry in state]
        return t + 1, words, state, alive, alive_ids, done, done_rank, done_ids

    def goes_on(t, words, state, alive, alive_ids, done, done_rank, done_ids):
        # Log-probabilities only fall, and no reply is longer than this: nothing can rank higher.
        hope = rank(alive[:, 0], max_length + 1)
        return (t < max_length) & tf.reduce_any(hope > done_rank[:, -1])

    nothing = tf.fill([batch, replies], IMPOSSIBLE)
    only_first = tf.where(tf.range(beams) == 0, 0.0, IMPOSSIBLE)
    start = (
        0,
        tf.fill([batch, beams], GO),
        list(state),
        tf.tile(only_first[None, :], [batch, 1]),
        tf.fill([batch, beams, max_length], PAD),
        nothing,
        nothing,
        tf.fill([batch, replies, max_length], PAD),
    )
    _, _, _, alive, alive_ids, done, done_rank, done_ids = tf.while_loop(
        goes_on, body, start, shape_invariants=any_batch(start)
    )
    unfinished = tf.where(alive > IMPOSSIBLE / 2, _UNFINISHED, IMPOSSIBLE)
    _, best = tf.math.top_k(tf.concat([done_rank, unfinished], 1), replies)
    ids = tf.gather(tf.concat([done_ids, alive_ids], 1), best, batch_dims=1)
    scores = tf.gather(tf.concat([done, alive], 1), best, batch_dims=1)
    return Replies(ids, tf.reduce_sum(tf.cast(ids != PAD, tf.int32), axis=-1), scores)
