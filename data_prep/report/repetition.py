"""Repeated texts within a split and between splits, detected by hashes of the texts."""

from dataclasses import dataclass

import numpy as np

from data_prep.report.statistics import SplitStatistics

_ODD = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Repetition:
    """Repetition within a split.

    Attributes:
        repeated_pairs: pairs that duplicate an earlier pair.
        pairs_per_post: int64 `(distinct posts,)`, number of pairs of each post.
        responses: number of distinct responses.
        frequent: the most frequent responses in descending order: position of the first pair with
            the response → number of pairs with it.
    """

    repeated_pairs: int
    pairs_per_post: np.ndarray
    responses: int
    frequent: dict[int, int]


def repetition(split: SplitStatistics, frequent: int) -> Repetition:
    """Counts repeated texts.

    Args:
        split: the split.
        frequent: number of most frequent responses to return.
    """
    posts, responses = split.hashes["post"], split.hashes["response"]
    # One hash per pair; multiplication by an odd number is a bijection modulo 2**64.
    pairs = posts.astype(np.uint64) * _ODD + responses.astype(np.uint64)
    _, first, counts = np.unique(responses, return_index=True, return_counts=True)
    order = np.lexsort([first, -counts])[:frequent]
    return Repetition(
        repeated_pairs=split.pairs - len(np.unique(pairs)),
        pairs_per_post=np.unique(posts, return_counts=True)[1],
        responses=len(first),
        frequent=dict(zip(first[order].tolist(), counts[order].tolist(), strict=True)),
    )


def shared_posts(one: SplitStatistics, other: SplitStatistics) -> int:
    """Returns the number of distinct posts that occur in both splits."""
    return len(np.intersect1d(one.hashes["post"], other.hashes["post"]))
