"""The split of a post."""

from data_prep.corpus.splits import split_of


def test_split_fractions_and_spaces():
    fractions = {"dev": 0.1, "test": 0.3}
    splits = [split_of(f"第{i}句", fractions) for i in range(4000)]
    assert 330 < splits.count("dev") < 470
    assert 1080 < splits.count("test") < 1320
    assert splits == [split_of(f"第 {i} 句", fractions) for i in range(4000)]
    assert {split_of(str(i), {}) for i in range(50)} == {"train"}
