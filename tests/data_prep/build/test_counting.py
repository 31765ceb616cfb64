"""Counting in bounded memory."""

from collections import Counter

from data_prep.build.counting import add


def test_counts_add_up():
    total: Counter[str] = Counter()
    add(total, ["a", "b", "a"])
    add(total, Counter(a=2, c=1))
    assert total == Counter(a=4, b=1, c=1)


def test_the_rarest_are_forgotten_first():
    total = Counter(a=5, b=4, c=2)
    add(total, ["c", "d", "e"], max_entries=4)
    assert total == Counter(a=5, b=4)
    total = Counter(a=5, b=4, c=2)
    add(total, ["d", "e"], max_entries=4)
    assert total == Counter(a=5, b=4), "words of count 2 had to go as well"


def test_a_counter_within_its_bound_forgets_nothing():
    total = Counter(a=1, b=1)
    add(total, ["c", "d"], max_entries=4)
    assert len(total) == 4
