"""The decision which pairs are kept, given the pairs that were kept before."""

from collections import Counter

from data_prep.merge.comparison import comparable, digest
from data_prep.merge.near_duplicates import NearDuplicates
from data_prep.merge.settings import MergeSettings

POST_RECALL = 0.999
"""Least probability with which a near-duplicate of a held-out post is found."""
PAIR_RECALL = 0.9
"""The same for training pairs, of which the index is large."""


class Selection:
    """Keeps pairs, one split after the other.

    A split has no post, and no near-duplicate of a post, of a split before it; so the held-out
    splits come first.

    Args:
        settings: the settings.
    """

    def __init__(self, settings: MergeSettings) -> None:
        self._settings = settings
        index = settings.similarity, settings.ngram, settings.seed
        self._earlier_posts = NearDuplicates(*index, recall=POST_RECALL)
        self._training_pairs = NearDuplicates(*index, recall=PAIR_RECALL)
        self._split = ""
        self._pairs: set[int] = set()
        self._posts: dict[str, None] = {}
        self._responses: Counter[int] = Counter()

    def start(self, split: str) -> None:
        """Starts a split; `train` is the last."""
        for post in self._posts:
            self._earlier_posts.add(self._earlier_posts.sketch(post))
        self._split = split
        self._pairs.clear()
        self._posts.clear()

    def rejection(self, post: str, response: str) -> str | None:
        """Keeps a pair, or returns the reason why it is dropped, one of `report.REASONS`."""
        post, response = comparable(post), comparable(response)
        pair = digest(post, response)
        if pair in self._pairs:
            return "duplicate"
        if self._earlier_posts.sketch(post) in self._earlier_posts:
            return "held_out_post"
        if self._split == "train":
            if reason := self._training_rejection(post, response):
                return reason
        else:
            self._posts[post] = None
        self._pairs.add(pair)
        return None

    def _training_rejection(self, post: str, response: str) -> str | None:
        key = digest(response)
        if self._responses[key] == self._settings.max_same_response:
            return "same_response"
        if self._settings.near_duplicate_pairs:
            sketch = self._training_pairs.sketch(post, response)
            if sketch in self._training_pairs:
                return "near_duplicate"
            self._training_pairs.add(sketch)
        self._responses[key] += 1
        return None
