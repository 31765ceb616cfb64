"""Beam search and diverse beam search."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from ecm_tf.decoding.replies import (
    MASKED_IDS,
    UNFINISHED,
    Replies,
    Step,
    batch_invariants,
    mask_early_end,
    mask_words,
)
from ecm_tf.decoding.top_k import top_k
from ecm_tf.layers.masking import IMPOSSIBLE
from ecm_tf.text.vocabulary import EOS, GO, PAD


def beam_search(
    step: Step,
    state: list[tf.Tensor],
    max_length: int,
    *,
    beams: int,
    replies: int | None = None,
    groups: int = 1,
    diversity: float = 1.0,
    length_penalty: float = 0.0,
    masked_ids: Sequence[int] = MASKED_IDS,
    min_length: int = 0,
    end: int = EOS,
) -> Replies:
    """Finds the most probable replies with beam search, as the original program does.

        rank(y) = log P(y) / words(y) ** length_penalty

    Each step considers the `2 * beams` most probable continuations of an example. Those with the
    end token become finished hypotheses; the best `beams` others stay in the beam. Every entry of
    `state`, the internal memory included, follows its beam. The search of an example ends when no
    hypothesis in the beam can still outrank its worst reply.

    With several groups it is diverse beam search (Vijayakumar et al. 2018, Hamming diversity). Each
    group has an equal part of the beams and penalises the words that earlier groups chose at the
    same step.

    Args:
        step, state, max_length, end: as for `ecm_tf.decoding.decode_loop.decode`, with `beams`
            adjacent rows for each example (`ECM.prepare_decoding(…, beams=beams)`).
        beams: number of hypotheses in the beam of each example, at least 1.
        replies: number of replies for each example, at least 1; None: `beams`. Unfinished
            hypotheses complete the number. Each group contributes the same number of replies,
            rounded up; the lowest-ranked surplus is dropped.
        groups: number of groups, a divisor of `beams`.
        diversity: penalty in nats, in [0, 1000], for each beam of an earlier group that chose the
            same word at this step, the end token included. It affects the search only, not the
            scores.
        length_penalty: exponent of the rank, in [0, 10]. 0 ranks by log-probability, as the
            original program does; larger values, up to about 1, prefer longer replies. The end
            token counts as a word.
        masked_ids: token ids that are never chosen.
        min_length: minimum number of words in a reply, as for `greedy_search`.

    Returns:
        The replies, with hypotheses after the batch, best first. Scores are log-probabilities in
        nats, without penalties.

    Raises:
        ValueError: a setting is out of range.
    """
    replies = beams if replies is None else replies
    if beams < 1 or replies < 1:
        raise ValueError(
            f"`beams` and `replies` must be positive. Received: beams={beams}, replies={replies}"
        )
    if groups < 1 or beams % groups:
        raise ValueError(f"`groups` must divide `beams` ({beams}). Received: {groups}")
    if not (0 <= length_penalty <= 10 and 0 <= diversity <= 1e3):
        raise ValueError(
            "`length_penalty` must be in [0, 10], and `diversity` in [0, 1000]. "
            f"Received: length_penalty={length_penalty}, diversity={diversity}"
        )
    batch = tf.shape(state[0])[0] // beams
    width, replies_per_group = beams // groups, -(-replies // groups)
    positions = tf.range(max_length)[None, None, None, :]

    def rank(scores: tf.Tensor, num_words: tf.Tensor | int) -> tf.Tensor:
        return scores / tf.cast(num_words, tf.float32) ** length_penalty

    def body(
        t: tf.Tensor,
        words: tf.Tensor,
        state: list[tf.Tensor],
        alive: tf.Tensor,
        alive_ids: tf.Tensor,
        done: tf.Tensor,
        done_rank: tf.Tensor,
        done_ids: tf.Tensor,
    ) -> tuple[Any, ...]:
        log_probs, state = step(tf.reshape(words, [-1]), state)
        log_probs = mask_early_end(mask_words(log_probs, masked_ids), t, min_length, end)
        log_probs = tf.reshape(log_probs, [batch, groups, width, tf.shape(log_probs)[-1]])
        scores, parents, words, survivors = _continuations(alive, log_probs, diversity, end)
        ends = (words == end) & (scores > IMPOSSIBLE / 2)
        ids = tf.gather(alive_ids, parents, batch_dims=2)

        done_rank, best = tf.math.top_k(
            tf.concat([done_rank, tf.where(ends, rank(scores, t + 1), IMPOSSIBLE)], 2),
            replies_per_group,
        )
        done = tf.gather(tf.concat([done, scores], 2), best, batch_dims=2)
        done_ids = tf.gather(tf.concat([done_ids, ids], 2), best, batch_dims=2)

        alive = tf.gather(tf.where(words == end, IMPOSSIBLE, scores), survivors, batch_dims=2)
        words = tf.gather(words, survivors, batch_dims=2)
        alive_ids = tf.gather(ids, survivors, batch_dims=2)
        alive_ids = tf.where(positions == t, words[..., None], alive_ids)
        first_rows = tf.reshape(tf.range(batch * groups) * width, [batch, groups, 1])
        rows = tf.gather(parents, survivors, batch_dims=2) + first_rows
        state = [tf.gather(entry, tf.reshape(rows, [-1])) for entry in state]
        return t + 1, words, state, alive, alive_ids, done, done_rank, done_ids

    def can_improve(
        t: tf.Tensor,
        words: tf.Tensor,
        state: Any,
        alive: tf.Tensor,
        alive_ids: tf.Tensor,
        done: tf.Tensor,
        done_rank: tf.Tensor,
        done_ids: tf.Tensor,
    ) -> tf.Tensor:
        # Upper bound: log-probabilities never rise, and the maximum length divides by the most.
        bound = rank(tf.reduce_max(alive, axis=-1), max_length + 1)
        return (t < max_length) & tf.reduce_any(bound > done_rank[..., -1])

    none_done = tf.fill([batch, groups, replies_per_group], IMPOSSIBLE)
    # All beams start alike: only the first of each group may be extended.
    only_first = tf.where(tf.range(width) == 0, 0.0, IMPOSSIBLE)
    start = (
        0,
        tf.fill([batch, groups, width], GO),
        list(state),
        tf.tile(only_first[None, None, :], [batch, groups, 1]),
        tf.fill([batch, groups, width, max_length], PAD),
        none_done,
        none_done,
        tf.fill([batch, groups, replies_per_group, max_length], PAD),
    )
    invariants = batch_invariants(start)
    _, _, _, *results = tf.while_loop(can_improve, body, start, shape_invariants=invariants)
    alive, alive_ids, done, done_rank, done_ids = (
        tf.reshape(entry, [batch, -1, *entry.shape[3:]]) for entry in results
    )
    alive, order = tf.math.top_k(alive, beams)
    alive_ids = tf.gather(alive_ids, order, batch_dims=1)
    # They all have the same length, so that their order in `alive` is that of their ranks.
    unfinished = tf.where(alive > IMPOSSIBLE / 2, UNFINISHED, IMPOSSIBLE)
    _, best = tf.math.top_k(tf.concat([done_rank, unfinished], 1), replies)
    ids = tf.gather(tf.concat([done_ids, alive_ids], 1), best, batch_dims=1)
    scores = tf.gather(tf.concat([done, alive], 1), best, batch_dims=1)
    return Replies(ids, tf.reduce_sum(tf.cast(ids != PAD, tf.int32), axis=-1), scores)


def _continuations(
    alive: tf.Tensor, log_probs: tf.Tensor, diversity: float, end: int
) -> list[tf.Tensor]:
    """Returns the best continuations of each group; B examples, G groups of W beams, V words.

    Args:
        alive: float32 `(B, G, W)`, log-probabilities of the hypotheses in the beam.
        log_probs: float32 `(B, G, W, V)`, log-probabilities of their next words.
        diversity: penalty in nats for each beam of an earlier group that chose the same word.
        end: id of the end token.

    Returns:
        The 2 W best continuations of each group, `(B, G, 2 W)`: scores (float32), parent beams
        (int32) and words (int32). Then the indices of the W best without the end token, int32
        `(B, G, W)`.
    """
    batch = alive.shape[0] or tf.shape(alive)[0]
    groups, width = alive.shape[1], alive.shape[2]
    vocabulary = tf.shape(log_probs)[-1]
    results, penalty = [], None
    for group in range(groups):
        totals = alive[:, group, :, None] + log_probs[:, group]
        if penalty is None:
            ranked, flat = top_k(tf.reshape(totals, [batch, -1]), 2 * width, width)
            scores = ranked
        else:
            penalised = tf.reshape(totals - penalty[:, None, :], [batch, -1])
            ranked, flat = top_k(penalised, 2 * width, width)
            scores = tf.gather(tf.reshape(totals, [batch, -1]), flat, batch_dims=1)
        words = flat % vocabulary
        best, survivors = tf.math.top_k(tf.where(words == end, IMPOSSIBLE, ranked), width)
        results.append((scores, flat // vocabulary, words, survivors))
        if group + 1 < groups:
            next_words = tf.gather(words, survivors, batch_dims=1)
            ends = tf.where(words == end, ranked, IMPOSSIBLE)
            possible = tf.concat([best, ends], axis=1) > IMPOSSIBLE / 2
            # tf.one_hot of -1 is all zeros: impossible continuations add no penalty.
            ids = tf.where(possible, tf.concat([next_words, words], 1), -1)
            counts = tf.reduce_sum(tf.one_hot(ids, vocabulary), axis=1)
            penalty = diversity * counts + (0.0 if penalty is None else penalty)
    return [tf.stack(entries, axis=1) for entries in zip(*results, strict=True)]
