"""Relevance: the rank of the true response among ten candidates, by the model's likelihood."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from ecm_tf.config import ModelConfig
from ecm_tf.data.batches import pair_batches
from ecm_tf.data.directory import DatasetDirectory
from ecm_tf.evaluation.intervals import Estimate, mean
from ecm_tf.model.perplexity import PerplexityMeter

CANDIDATES = 10
"""Number of responses that are ranked, the true one included."""

Ids = tuple[int, ...]
Pair = tuple[Ids, Ids, int]
"""Token ids of a post and of its response, and an emotion id."""


@dataclass(frozen=True)
class CandidateSet:
    """Posts, each with the true response and nine others.

    Attributes:
        posts: token ids of each post.
        responses: token ids of `CANDIDATES` responses to each post, the true one first.
        emotions: the emotion id of each post's responses.
        left_out: number of drawn pairs that have fewer than nine other responses to draw from.
    """

    posts: list[Ids]
    responses: list[list[Ids]]
    emotions: list[int]
    left_out: int


@dataclass(frozen=True)
class Relevance:
    """How well a model tells the true response from others of the same emotion.

    Attributes:
        hits_at_1: share of pairs whose true response is ranked first of `CANDIDATES`; `None`
            without ranked pairs.
        mrr: mean reciprocal rank of the true response; `None` without ranked pairs.
        pairs: number of ranked pairs.
        left_out: number of pairs that have too few other responses of their emotion.
    """

    hits_at_1: Estimate | None
    mrr: Estimate | None
    pairs: int
    left_out: int


def read_pairs(dataset: DatasetDirectory, split: str) -> list[Pair]:
    """Returns all pairs of a split in record order.

    Args:
        dataset: the dataset.
        split: `"train"`, `"dev"` or `"test"`.
    """
    return [
        (tuple(post), tuple(response), emotion)
        for batch in dataset.batches(split)
        for post, response, emotion in zip(
            batch["post"].to_list(),
            batch["response"].to_list(),
            batch["emotion"].numpy().tolist(),
            strict=True,
        )
    ]


def draw_candidates(pairs: Sequence[Pair], number: int, seed: int) -> CandidateSet:
    """Draws pairs, and nine other responses for each of them.

    The other responses have the emotion of the true response, differ from it and from one another,
    and are not responses to the same post. Posts and responses are equal if their token ids are, so
    the model can tell all candidates apart. A pair's candidates do not depend on `number`.

    Args:
        pairs: all pairs of a split.
        number: number of pairs to draw; all pairs if there are fewer.
        seed: random seed, at least 0.
    """
    pools: dict[int, list[Ids]] = defaultdict(list)
    for emotion, response in dict.fromkeys((emotion, response) for _, response, emotion in pairs):
        pools[emotion].append(response)
    answers: dict[Ids, set[Ids]] = defaultdict(set)
    for post, response, _ in pairs:
        answers[post].add(response)
    result = CandidateSet([], [], [], 0)
    left_out = 0
    order = np.random.default_rng(seed).permutation(len(pairs))[:number]
    for index in order.tolist():
        post, response, emotion = pairs[index]
        pool, excluded = pools[emotion], answers[post]
        # So many that at least nine of them are no answers to the post, if the pool has them.
        drawn = min(len(pool), CANDIDATES - 1 + len(excluded))
        places = np.random.default_rng([seed, index]).choice(len(pool), drawn, replace=False)
        others = [pool[place] for place in places.tolist() if pool[place] not in excluded]
        if len(others) < CANDIDATES - 1:
            left_out += 1
            continue
        result.posts.append(post)
        result.responses.append([response, *others[: CANDIDATES - 1]])
        result.emotions.append(emotion)
    return CandidateSet(result.posts, result.responses, result.emotions, left_out)


def candidate_scores(
    meter: PerplexityMeter,
    candidates: CandidateSet,
    config: ModelConfig,
    batch_size: int,
    progress: str | None = None,
) -> np.ndarray:
    """Returns the mean log-probability per token of each candidate, EOS included, in nats.

    Args:
        meter: the model's meter.
        candidates: the responses.
        config: the configuration of the model.
        batch_size: maximum number of responses per batch.
        progress: label of a progress bar on stderr; `None` shows none.

    Returns:
        float32 `(posts, CANDIDATES)`.
    """
    responses = [response for row in candidates.responses for response in row]
    scores = np.empty(len(responses), np.float32)
    pairs = {
        "post": _ragged([post for post in candidates.posts for _ in range(CANDIDATES)]),
        "response": _ragged(responses),
        "emotion": np.repeat(np.array(candidates.emotions, np.int32), CANDIDATES),
        "index": np.arange(len(responses)),
    }
    batches = pair_batches(tf.data.Dataset.from_tensor_slices(pairs), config, batch_size)
    for batch, nll, tokens in meter.response_nll(batches, progress):
        scores[batch["index"].numpy()] = -nll.numpy() / tokens.numpy()
    return scores.reshape(-1, CANDIDATES)


def _ragged(rows: Sequence[Ids]) -> tf.RaggedTensor:
    return tf.RaggedTensor.from_row_lengths(
        np.array([id_ for row in rows for id_ in row], np.int32),
        np.array([len(row) for row in rows], np.int64),
    )


def true_ranks(scores: np.ndarray) -> np.ndarray:
    """Returns the rank of the first candidate of each row, from 1.

    Ties are pessimistic: a candidate with the score of the true response ranks before it, so that a
    model that gives all candidates one score has rank 10. So does a score that is not a number.

    Args:
        scores: `(rows, candidates)`, higher is better.

    Returns:
        int `(rows,)`.
    """
    return scores.shape[1] - (scores[:, 1:] < scores[:, :1]).sum(axis=1)


def relevance(scores: np.ndarray, left_out: int) -> Relevance:
    """Returns hits@1 and mean reciprocal rank, with 95 % bootstrap intervals over pairs.

    Args:
        scores: `(pairs, CANDIDATES)`, the true response first; may have no rows.
        left_out: number of pairs without enough candidates.
    """
    if not len(scores):
        return Relevance(None, None, 0, left_out)
    ranks = true_ranks(scores)
    return Relevance(mean(ranks == 1), mean(1 / ranks), len(ranks), left_out)
