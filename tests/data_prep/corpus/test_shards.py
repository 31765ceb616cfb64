"""The files of directories and glob patterns."""

import logging
import os
from pathlib import Path

import pytest

from data_prep.corpus.digests import source_digest
from data_prep.corpus.shards import find_shards, find_splits
from ecm_tf.core.errors import InputError


@pytest.fixture
def corpus(tmp_path) -> Path:
    directory = tmp_path / "corpus"
    (directory / "below").mkdir(parents=True)
    for name in ("b.jsonl", "a.tsv.gz", "c.csv", ".d.jsonl", "_SUCCESS", "README.md", "e.json"):
        (directory / name).touch()
    (directory / "below" / "f.jsonl").touch()
    return directory


def names(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]


def test_a_directory_stands_for_its_corpus_files_by_name(corpus):
    assert names(find_shards("--train", [corpus])) == ["a.tsv.gz", "b.jsonl", "c.csv", "e.json"]


def test_skipped_names_of_a_directory_are_counted(corpus, caplog):
    caplog.set_level(logging.INFO, "data_prep")
    (corpus / "_a.csv.gz").touch()
    (corpus / "_temporary.json").mkdir()
    assert names(find_shards("--train", [corpus])) == ["a.tsv.gz", "b.jsonl", "c.csv", "e.json"]
    expected = f"--train: {corpus}: files skipped because their names begin with . or _: 2"
    assert caplog.messages == [expected]
    find_shards("--train", [corpus / "below"])
    assert caplog.messages == [expected]


def test_what_label_writes_beside_a_corpus_is_no_shard(corpus):
    for name in ("g.jsonl.progress.json", "g.jsonl.partial", "g.jsonl.rejected.jsonl"):
        (corpus / name).touch()
    assert names(find_shards("--train", [corpus])) == ["a.tsv.gz", "b.jsonl", "c.csv", "e.json"]
    assert names(find_shards("--train", [corpus / "*.jsonl*"])) == ["b.jsonl"]


def test_no_file_is_twice_in_a_split(corpus, caplog):
    assert list(find_splits({"train": [corpus], "dev": [corpus / "below"]})) == ["train", "dev"]
    with pytest.raises(InputError, match=r"^--train: expected every file once, got .*c\.csv twice"):
        find_splits({"train": [corpus, corpus / "below" / ".." / "c.csv"]})
    with pytest.raises(InputError, match=r"^--dev: .* twice"):
        find_splits({"train": [corpus], "dev": [corpus / "b.jsonl", corpus / "b.jsonl"]})
    caplog.clear()
    assert not caplog.messages
    same = corpus / "below" / ".." / "b.jsonl"
    assert find_splits({"train": [corpus], "dev": [same]})["dev"] == [same]
    assert caplog.messages[-1] == f"--dev: {same} is also in --train"


def test_a_pattern_stands_for_its_files_by_name(corpus):
    assert names(find_shards("--train", [corpus / "*.*"])) == [
        *("README.md", "a.tsv.gz", "b.jsonl", "c.csv", "e.json"),
    ]
    assert names(find_shards("--train", [corpus / "**" / "*.jsonl"])) == ["b.jsonl", "f.jsonl"]


def test_files_keep_their_order_and_need_not_exist(corpus):
    given = [corpus / "c.csv", corpus / "none.jsonl", corpus / "below"]
    assert names(find_shards("--train", given)) == ["c.csv", "none.jsonl", "f.jsonl"]


def test_a_file_whose_name_looks_like_a_pattern(tmp_path):
    (tmp_path / "a[1].jsonl").touch()
    assert names(find_shards("--train", [tmp_path / "a[1].jsonl"])) == ["a[1].jsonl"]


def test_a_name_that_is_not_utf8_is_refused_before_it_is_read(tmp_path):
    """As in archives that were packed on a Chinese Windows."""
    name = os.fsdecode("训练".encode("gbk") + b".jsonl")
    (tmp_path / name).touch()
    (found,) = find_shards("--train", [tmp_path])
    with pytest.raises(InputError, match=r"^file b'.*\.jsonl': expected UTF-8, got other bytes"):
        source_digest(found)


def test_directories_and_patterns_without_corpus_files(corpus, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        InputError, match=r"^--dev: expected a directory with corpus files .*, got .*empty, which"
    ):
        find_shards("--dev", [tmp_path / "empty"])
    with pytest.raises(
        InputError, match=r"^--input: expected a pattern of corpus files, got .*\*\.xml, which"
    ):
        find_shards("--input", [corpus / "*.xml"])
