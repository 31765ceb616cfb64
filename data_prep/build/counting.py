"""Counting in bounded memory."""

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import TypeVar

Word = TypeVar("Word", bound=Hashable)

MAX_ENTRIES = 2_000_000
"""Maximum number of entries of a counter, about 0.4 GB; then the rarest are removed."""


def add_counts(total: Counter[Word], words: Iterable[Word], max_entries: int = MAX_ENTRIES) -> None:
    """Adds words, or the counts of another counter, to `total` in bounded memory.

    When `total` exceeds `max_entries`, words of count 1 are removed, then those of count 2 and so
    on, until at most half of `max_entries` are left. A vocabulary keeps some ten thousand of the
    most frequent words, which this does not affect. The result depends only on the order of calls.

    Args:
        total: the counter to change.
        words: words, each counted once per occurrence, or a counter.
        max_entries: maximum number of entries after the call.
    """
    total.update(words)
    if len(total) <= max_entries:
        return
    rarest = 0
    while len(total) > max_entries // 2:
        rarest += 1
        for word in [word for word, count in total.items() if count <= rarest]:
            del total[word]
