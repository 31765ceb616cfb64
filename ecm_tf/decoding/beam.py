"""Beam search: the most probable whole replies, best first."""

import tensorflow as tf

from ecm_tf.decoding.best import top_k
from ecm_tf.decoding.replies import IMPOSSIBLE, NEVER_SAID, Replies, any_batch, forbid
from ecm_tf.text.vocabulary import EOS, GO, PAD

_UNFINISHED = -1e20
"""Ranks what did not end behind all that did, and before nothing at all."""


def beam_search(
    step,
    state,
    max_length,
    *,
    beams,
    replies=None,
    groups=1,
    diversity=1.0,
    length_penalty=0.0,
    never=NEVER_SAID,
    end=EOS,
):
    """Keeps the `beams` most probable beginnings of each example (the original program's search).

    At each step the `2 * beams` most probable continuations are looked at: those that end are
    finished, the best `beams` others go on. Everything in `state` follows its beam, the internal
    memory too. An example is done when nothing that goes on can still beat its worst reply.

    With several groups it is diverse beam search (Vijayakumar et al. 2018, Hamming diversity): each
    group searches with its share of the beams, and at each step looks away from the words that the
    groups before it have just said.

    Args:
        step, state, max_length, end: as for `ecm_tf.decoding.loop.decode`, with `beams` rows for
            each example, next to each other (`ECM.begin(…, beams=beams)`).
        beams: at least 1.
        replies: how many to return for each example, at least 1; as many as beams if absent.
            Missing ones are filled up with beginnings that did not end. Groups give equal shares,
            the last ones of the worst are left out.
        groups: a divisor of `beams`.
        diversity: 0 or more, in nats: what a word costs a group for each beam of an earlier group
            that says it at the same step, be it to go on or to end. It steers the choice; scores
            are without it.
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
    if groups < 1 or beams % groups:
        raise ValueError(f"`groups` must divide `beams` ({beams}). Received: {groups}")
    if length_penalty < 0 or diversity < 0:
        raise ValueError(
            "`length_penalty` and `diversity` must be 0 or more. "
            f"Received: length_penalty={length_penalty}, diversity={diversity}"
        )
    batch = tf.shape(state[0])[0] // beams
    width, share = beams // groups, -(-replies // groups)
    positions = tf.range(max_length)[None, None, None, :]

    def rank(scores, words):
        return scores / tf.cast(words, tf.float32) ** length_penalty

    def body(t, words, state, alive, alive_ids, done, done_rank, done_ids):
        log_probs, state = step(tf.reshape(words, [-1]), state)
        log_probs = forbid(log_probs, never)
        log_probs = tf.reshape(log_probs, [batch, groups, width, tf.shape(log_probs)[-1]])
        scores, parents, words, going_on = _continuations(alive, log_probs, diversity, end)
        ends = (words == end) & (scores > IMPOSSIBLE / 2)
        ids = tf.gather(alive_ids, parents, batch_dims=2)

        done_rank, best = tf.math.top_k(
            tf.concat([done_rank, tf.where(ends, rank(scores, t + 1), IMPOSSIBLE)], 2), share
        )
        done = tf.gather(tf.concat([done, scores], 2), best, batch_dims=2)
        done_ids = tf.gather(tf.concat([done_ids, ids], 2), best, batch_dims=2)

        alive = tf.gather(tf.where(words == end, IMPOSSIBLE, scores), going_on, batch_dims=2)
        words = tf.gather(words, going_on, batch_dims=2)
        alive_ids = tf.gather(ids, going_on, batch_dims=2)
        alive_ids = tf.where(positions == t, words[..., None], alive_ids)
        first_rows = tf.reshape(tf.range(batch * groups) * width, [batch, groups, 1])
        rows = tf.gather(parents, going_on, batch_dims=2) + first_rows
        state = [tf.gather(entry, tf.reshape(rows, [-1])) for entry in state]
        return t + 1, words, state, alive, alive_ids, done, done_rank, done_ids

    def goes_on(t, words, state, alive, alive_ids, done, done_rank, done_ids):
        # Log-probabilities only fall, and no reply is longer than this: nothing can rank higher.
        hope = rank(tf.reduce_max(alive, axis=-1), max_length + 1)
        return (t < max_length) & tf.reduce_any(hope > done_rank[..., -1])

    nothing = tf.fill([batch, groups, share], IMPOSSIBLE)
    only_first = tf.where(tf.range(width) == 0, 0.0, IMPOSSIBLE)
    start = (
        0,
        tf.fill([batch, groups, width], GO),
        list(state),
        tf.tile(only_first[None, None, :], [batch, groups, 1]),
        tf.fill([batch, groups, width, max_length], PAD),
        nothing,
        nothing,
        tf.fill([batch, groups, share, max_length], PAD),
    )
    _, _, _, *found = tf.while_loop(goes_on, body, start, shape_invariants=any_batch(start))
    alive, alive_ids, done, done_rank, done_ids = (
        tf.reshape(entry, [batch, -1, *entry.shape[3:]]) for entry in found
    )
    alive, order = tf.math.top_k(alive, beams)
    alive_ids = tf.gather(alive_ids, order, batch_dims=1)
    unfinished = tf.where(alive > IMPOSSIBLE / 2, _UNFINISHED, IMPOSSIBLE)
    _, best = tf.math.top_k(tf.concat([done_rank, unfinished], 1), replies)
    ids = tf.gather(tf.concat([done_ids, alive_ids], 1), best, batch_dims=1)
    scores = tf.gather(tf.concat([done, alive], 1), best, batch_dims=1)
    return Replies(ids, tf.reduce_sum(tf.cast(ids != PAD, tf.int32), axis=-1), scores)


def _continuations(alive, log_probs, diversity, end):
    """What each group says next; B examples, G groups of W beams, V words.

    Args:
        alive: float32 `(B, G, W)`, log-probabilities of the beams.
        log_probs: float32 `(B, G, W, V)`.
        diversity: what a word costs for each beam of an earlier group that says it.
        end: id that ends a reply.

    Returns:
        The 2 W continuations of each group, `(B, G, 2 W)`: float32 scores, int32 beams that they
        continue and int32 words; and which of them go on, int32 `(B, G, W)`.
    """
    batch, groups, width = alive.shape[0] or tf.shape(alive)[0], *alive.shape[1:]
    vocabulary = tf.shape(log_probs)[-1]
    found, cost = [], None
    for group in range(groups):
        totals = alive[:, group, :, None] + log_probs[:, group]
        if cost is None:
            ranked, flat = top_k(tf.reshape(totals, [batch, -1]), 2 * width, width)
            scores = ranked
        else:
            steered = tf.reshape(totals - cost[:, None, :], [batch, -1])
            ranked, flat = top_k(steered, 2 * width, width)
            scores = tf.gather(tf.reshape(totals, [batch, -1]), flat, batch_dims=1)
        words = flat % vocabulary
        best, going_on = tf.math.top_k(tf.where(words == end, IMPOSSIBLE, ranked), width)
        found.append((scores, flat // vocabulary, words, going_on))
        if group + 1 < groups:
            survivors = tf.gather(words, going_on, batch_dims=1)
            ends = tf.where(words == end, ranked, IMPOSSIBLE)
            used = tf.concat([best, ends], axis=1) > IMPOSSIBLE / 2
            # One-hot of -1 is nothing.
            said = tf.one_hot(tf.where(used, tf.concat([survivors, words], 1), -1), vocabulary)
            cost = diversity * tf.reduce_sum(said, axis=1) + (0.0 if cost is None else cost)
    return [tf.stack(entries, axis=1) for entries in zip(*found, strict=True)]
