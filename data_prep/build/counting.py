"""Counting in bounded memory."""

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import TypeVar

Word = TypeVar("Word", bound=Hashable)

MAX_ENTRIES = 2_000_000
"""A counter that passes this many words forgets its rarest; about 0.4 GB."""


def add(total: Counter[Word], words: Iterable[Word], max_entries: int = MAX_ENTRIES) -> None:
    """Counts `words` (or adds a counter) into `total`, which stays bounded.

    Past `max_entries` the words seen once are forgotten, then those seen twice and so on, until
    half the entries are left. A vocabulary takes a few ten thousand of the most frequent words,
    which are far from that edge. The result depends on nothing but the order of calls.
    """
    total.update(words)
    if len(total) <= max_entries:
        return
    rarest = 0
    while len(total) > max_entries // 2:
        rarest += 1
        for word in [word for word, count in total.items() if count <= rarest]:
            del total[word]
