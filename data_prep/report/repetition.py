"""What repeats within a split, and between splits; told by hashes of the texts."""

from dataclasses import dataclass

import numpy as np

from data_prep.report.statistics import SplitStatistics

_ODD = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Repetition:
    """What repeats within a split.

    Attributes:
        repeated_pairs: pairs whose post and response both stood before.
        pairs_per_post: int64 `(different posts,)`, the pairs of each.
        responses: different responses.
        frequent: the most frequent responses, most frequent first: the place of the first pair that
            has it, and how many have it.
    """

    repeated_pairs: int
    pairs_per_post: np.ndarray
    responses: int
    frequent: dict[int, int]


def repetition(split: SplitStatistics, frequent: int) -> Repetition:
    """Looks for repetition.

    Args:
        split: what to look at.
        frequent: how many of the most frequent responses are wanted.
    """
    posts, responses = split.hashes["post"], split.hashes["response"]
    # One number for both: multiplication by an odd number loses nothing modulo 2**64.
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
    """How many different posts stand in both splits."""
    return len(np.intersect1d(one.hashes["post"], other.hashes["post"]))
