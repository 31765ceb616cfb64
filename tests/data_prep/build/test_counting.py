"""Counting in bounded memory."""

from collections import Counter

from data_prep.build.counting import add_counts


def test_counts_add_up():
    total: Counter[str] = Counter()
    add_counts(total, ["a", "b", "a"])
    add_counts(total, Counter(a=2, c=1))
    assert total == Counter(a=4, b=1, c=1)


def test_rarest_entries_are_removed_first():
    total = Counter(a=5, b=4, c=2)
    add_counts(total, ["c", "d", "e"], max_entries=4)
    assert total == Counter(a=5, b=4)
    total = Counter(a=5, b=4, c=2)
    add_counts(total, ["d", "e"], max_entries=4)
    assert total == Counter(a=5, b=4), "words of count 2 are removed too"


def test_small_counter_keeps_all_entries():
    total = Counter(a=1, b=1)
    add_counts(total, ["c", "d"], max_entries=4)
    assert len(total) == 4
