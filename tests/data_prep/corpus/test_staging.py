"""Staging files: splits, bad records and batches."""

import json

import pytest

from data_prep.corpus.files import BadRecord
from data_prep.corpus.readers import Pair
from data_prep.corpus.staging import (
    PAIRS_PER_BATCH,
    RejectedRecords,
    StagingFiles,
    raise_bad_record,
    split_of,
)
from ecm_tf.core.errors import InputError


def test_split_fractions_and_spaces():
    fractions = {"dev": 0.1, "test": 0.3}
    splits = [split_of(f"第{i}句", fractions) for i in range(4000)]
    assert 330 < splits.count("dev") < 470
    assert 1080 < splits.count("test") < 1320
    assert splits == [split_of(f"第 {i} 句", fractions) for i in range(4000)]
    assert {split_of(str(i), {}) for i in range(50)} == {"train"}


def test_given_splits_are_not_split_again(tmp_path):
    staging = StagingFiles(tmp_path)
    pairs = [Pair(f"p{i}", "r", i % 6, None) for i in range(100)]
    staging.fill({"train": pairs, "dev": pairs}, {"test": 0.5}, raise_bad_record)
    assert staging.pairs["dev"] == 100
    assert staging.pairs["train"] + staging.pairs["test"] == 100
    assert 30 < staging.pairs["test"] < 70


def test_batches_return_the_pairs_in_order(tmp_path):
    staging = StagingFiles(tmp_path)
    pairs = [Pair(f"帖 {i}", "回\x00复", i % 6, i % 3 or None) for i in range(PAIRS_PER_BATCH + 2)]
    staging.fill({"train": pairs}, {}, raise_bad_record)
    batches = list(staging.batches("train", "reading", lambda row: row))
    assert [len(batch["post"]) for batch in batches] == [PAIRS_PER_BATCH, 2]
    rows = [
        Pair(post.decode(), response.decode(), int(emotion), int(post_emotion or 0) or None)
        for batch in batches
        for post, response, emotion, post_emotion in zip(
            batch["post"], batch["response"], batch["emotion"], batch["post_emotion"], strict=True
        )
    ]
    assert rows == pairs


def test_texts_are_evenly_spaced(tmp_path):
    staging = StagingFiles(tmp_path)
    staging.fill(
        {"train": [Pair(f"p{i}", f"r{i}", 0, None) for i in range(100)]}, {}, raise_bad_record
    )
    assert staging.texts("train", 8) == ["p0", "r0", "p25", "r25", "p50", "r50", "p75", "r75"]
    assert len(staging.texts("train", 1000)) == 200


def test_bad_records_raise_or_are_written(tmp_path):
    bad = BadRecord(tmp_path / "dir" / "a.tsv", "line", 3, "expected 好", "raw")
    with pytest.raises(
        InputError, match=r"dir/a\.tsv: line 3: expected 好\. \(Use --skip_bad_records"
    ):
        raise_bad_record(bad)
    path = tmp_path / "rejected.jsonl"
    with RejectedRecords(path) as rejected_records:
        StagingFiles(tmp_path).fill(
            {"train": [bad, Pair("a", "b", 0, None), bad]}, {}, rejected_records
        )
    assert (rejected_records.count, rejected_records.first) == (2, bad)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert rows == [{"file": "a.tsv", "record": 3, "reason": "expected 好", "raw": "raw"}] * 2
