"""Analysis of filled sheets: means, Fleiss' kappa, paired tests and preferences."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.stats import permutation_test

from ecm_tf.evaluation.human.key import Key
from ecm_tf.evaluation.human.sheet import Scores
from ecm_tf.evaluation.intervals import Estimate, mean

COMBINATIONS = ((2, 1), (1, 1), (0, 1), (2, 0), (1, 0), (0, 0))
"""Content and emotion scores in the order of the paper's Table 6."""
RESAMPLES = 9999


@dataclass(frozen=True)
class SystemScores:
    """Scores of one system (the paper's Tables 5 and 6).

    Attributes:
        system: name of the system.
        content: mean content score, 0 to 2, with a 95 % bootstrap interval over posts.
        emotion: mean emotion score, 0 to 1, with such an interval.
        content_by_emotion, emotion_by_emotion: the means for each requested emotion.
        combinations: share of the judgements with each of `COMBINATIONS`.
    """

    system: str
    content: Estimate
    emotion: Estimate
    content_by_emotion: list[float]
    emotion_by_emotion: list[float]
    combinations: list[float]


@dataclass(frozen=True)
class Comparison:
    """Two systems compared on the same posts (the paper's Table 7, with tests).

    Attributes:
        first, second: names of the systems.
        content, emotion: differences of the means, first minus second.
        content_p, emotion_p: p-values of two-sided paired permutation tests over posts; `None`
            with one post.
        win, tie, loss: shares of posts and emotions in which the sum of content and emotion scores
            of all annotators is higher, equal or lower for the first system.
    """

    first: str
    second: str
    content: float
    content_p: float | None
    emotion: float
    emotion_p: float | None
    win: float
    tie: float
    loss: float


@dataclass(frozen=True)
class Agreement:
    """The result of a human evaluation.

    Attributes:
        annotators: number of sheets.
        rows: number of judged rows.
        emotions: names of the requested emotions.
        content_kappa, emotion_kappa: Fleiss' kappa; `None` if it is not defined.
        systems: scores of each system.
        comparisons: each pair of systems.
    """

    annotators: int
    rows: int
    emotions: list[str]
    content_kappa: float | None
    emotion_kappa: float | None
    systems: list[SystemScores]
    comparisons: list[Comparison]


def analyse(key: Key, sheets: Sequence[Sequence[Scores]]) -> Agreement:
    """Analyses filled sheets.

    Args:
        key: the key of the sheets.
        sheets: the scores of each annotator in the key's order; at least one annotator.
    """
    rows = np.array([[(s.content, s.emotion) for s in sheet] for sheet in sheets])
    scores = np.empty([len(key.systems), len(key.posts), len(key.emotions), len(sheets), 2], int)
    for place, row in enumerate(key.rows):
        for system in row.systems:
            scores[system, row.post, row.emotion] = rows[:, place]
    return Agreement(
        annotators=len(sheets),
        rows=len(key.rows),
        emotions=key.emotions,
        content_kappa=fleiss_kappa(rows[:, :, 0], 3),
        emotion_kappa=fleiss_kappa(rows[:, :, 1], 2),
        systems=[_system_scores(name, own) for name, own in zip(key.systems, scores, strict=True)],
        comparisons=[
            _comparison(key.systems[a], key.systems[b], scores[a], scores[b])
            for a, b in combinations(range(len(key.systems)), 2)
        ],
    )


def fleiss_kappa(scores: np.ndarray, categories: int) -> float | None:
    """Returns Fleiss' kappa of R annotators who each scored all N rows.

        kappa = (P - P_e) / (1 - P_e)

    P is the mean over rows of the share of pairs of annotators that agree, and P_e the sum over
    categories of the squared share of that category among all scores.

    Args:
        scores: int `(R, N)`, in `[0, categories)`.
        categories: number of categories.

    Returns:
        Kappa, at most 1; `None` with one annotator, or if all scores are equal (`P_e` is 1).
    """
    annotators = len(scores)
    counts = (scores[..., None] == np.arange(categories)).sum(axis=0)
    shares = counts.sum(axis=0) / scores.size
    if annotators < 2 or shares.max() == 1:
        return None
    agreeing = (counts * (counts - 1)).sum(axis=1) / (annotators * (annotators - 1))
    by_chance = float(shares @ shares)
    return (float(agreeing.mean()) - by_chance) / (1 - by_chance)


def paired_p(first: np.ndarray, second: np.ndarray) -> float | None:
    """Returns the p-value of a two-sided paired permutation test of equal means.

    Under the null hypothesis, the two values of a unit may be exchanged. All exchanges are tried if
    there are no more than `RESAMPLES`, otherwise as many random ones with a fixed seed. In contrast
    to the paper's t-test, the test assumes no normal distribution of the scores.

    Args:
        first, second: `(units,)`, the values of two systems; units are independent.

    Returns:
        The p-value; `None` with one unit.
    """
    if len(first) < 2:
        return None
    result = permutation_test(
        (first - second,),
        lambda differences, axis: differences.mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=1000,
        rng=np.random.default_rng(0),
    )
    return float(result.pvalue)


def _system_scores(name: str, scores: np.ndarray) -> SystemScores:
    """Returns the scores of a system from int `(posts, emotions, annotators, 2)`."""
    by_post, by_emotion = scores.mean(axis=(1, 2)), scores.mean(axis=(0, 2))
    return SystemScores(
        system=name,
        content=mean(by_post[:, 0]),
        emotion=mean(by_post[:, 1]),
        content_by_emotion=by_emotion[:, 0].tolist(),
        emotion_by_emotion=by_emotion[:, 1].tolist(),
        combinations=[float((scores == pair).all(axis=-1).mean()) for pair in COMBINATIONS],
    )


def _comparison(name: str, other_name: str, first: np.ndarray, second: np.ndarray) -> Comparison:
    """Compares the scores of two systems, each int `(posts, emotions, annotators, 2)`."""
    # Replies to one post are not independent of one another: the tests' units are posts.
    posts, other_posts = first.mean(axis=(1, 2)), second.mean(axis=(1, 2))
    difference = (first.sum(axis=(2, 3)) - second.sum(axis=(2, 3))).ravel()
    return Comparison(
        first=name,
        second=other_name,
        content=float((posts - other_posts)[:, 0].mean()),
        content_p=paired_p(posts[:, 0], other_posts[:, 0]),
        emotion=float((posts - other_posts)[:, 1].mean()),
        emotion_p=paired_p(posts[:, 1], other_posts[:, 1]),
        win=float((difference > 0).mean()),
        tie=float((difference == 0).mean()),
        loss=float((difference < 0).mean()),
    )
