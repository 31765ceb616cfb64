"""The names by which a manifest lists sources."""

from pathlib import Path

import pytest

from data_prep.corpus.digests import distinct_names


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["/c/train.jsonl", "/c/dev.jsonl"], ["train.jsonl", "dev.jsonl"]),
        (["/c/train/a", "/c/dev/a", "/c/dev/b"], ["train/a", "dev/a", "b"]),
        (["/c/1/x/a", "/c/2/x/a", "/c/2/y/a"], ["1/x/a", "2/x/a", "2/y/a"]),
        (["/c/a", "/a", "/c/../c/a"], ["c/a", "/a", "c/a"]),
    ],
)
def test_names_are_as_short_as_possible(paths, expected):
    assert distinct_names([Path(path) for path in paths]) == expected


def test_names_do_not_depend_on_the_current_directory(tmp_path, monkeypatch):
    (tmp_path / "train").mkdir()
    monkeypatch.chdir(tmp_path / "train")
    assert distinct_names([Path("a"), Path("../dev/a")]) == ["train/a", "dev/a"]
