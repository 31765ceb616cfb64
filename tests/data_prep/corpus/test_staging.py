"""Staging files: splits, bad records, ranges and batches."""

import gzip
from pathlib import Path

import pytest

from data_prep.corpus import staging as staging_module
from data_prep.corpus.readers import LabelOptions, Pair
from data_prep.corpus.staging import Source, SourceReader, StagingFiles
from data_prep.corpus.staging_batches import PAIRS_PER_BATCH, BatchReader
from ecm_tf.core.errors import InputError
from ecm_tf.text.emotions import DEFAULT


def rows(pairs: int, start: int = 0) -> list[dict]:
    return [
        {"post": f"帖 {i}", "response": f"回\x00复{i}", "emotion": i % 6}
        for i in range(start, start + pairs)
    ]


def stage(
    directory: Path, sources: list[tuple[str, Path]], fractions: dict[str, float], **options
) -> StagingFiles:
    directory.mkdir()
    read = SourceReader(directory, LabelOptions(DEFAULT), fractions, **options)
    numbered = [Source(number, *source) for number, source in enumerate(sources)]
    return StagingFiles([read(source, lambda _: None) for source in numbered])


def pairs_of(batches: list[dict]) -> list[Pair]:
    return [
        Pair(post.decode(), response.decode(), int(emotion), int(post_emotion or 0) or None)
        for batch in batches
        for post, response, emotion, post_emotion in zip(
            batch["post"], batch["response"], batch["emotion"], batch["post_emotion"], strict=True
        )
    ]


def test_given_splits_are_not_split_again(tmp_path, write_jsonl):
    pairs = write_jsonl(rows(100))
    staging = stage(tmp_path / "s", [("train", pairs), ("dev", pairs)], {"test": 0.5})
    assert staging.pairs["dev"] == 100
    assert staging.pairs["train"] + staging.pairs["test"] == 100
    assert 30 < staging.pairs["test"] < 70


def test_batches_return_the_pairs_in_order(tmp_path, write_jsonl, monkeypatch):
    monkeypatch.setattr(staging_module, "PAIRS_PER_PART", 3000)
    sources = [
        ("train", write_jsonl(rows(PAIRS_PER_BATCH), "a.jsonl")),
        ("train", write_jsonl([], "b.jsonl")),
        ("train", write_jsonl(rows(2, PAIRS_PER_BATCH), "c.jsonl")),
    ]
    staging = stage(tmp_path / "s", sources, {}, format="jsonl")
    assert [part.pairs for part in staging.parts["train"]] == [3000, 1096, 2]
    advanced: list[int] = []
    reader = BatchReader(lambda row: row, threads=2)
    batches = list(reader.read(staging.parts["train"], advanced.append))
    assert [len(batch["post"]) for batch in batches] == advanced == [PAIRS_PER_BATCH, 2]
    assert pairs_of(batches) == [
        Pair(row["post"], row["response"], row["emotion"], None) for row in rows(4098)
    ]
    assert list(reader.read(staging.parts["dev"], advanced.append)) == []


@pytest.mark.parametrize("size", [1, 3, 4, 5, 7, 100])
def test_ranges_divide_a_split(tmp_path, write_jsonl, monkeypatch, size):
    monkeypatch.setattr(staging_module, "PAIRS_PER_PART", 4)
    sources = [
        ("train", write_jsonl(rows(7), "a.jsonl")),
        ("train", write_jsonl(rows(3, 7), "b.jsonl")),
    ]
    staging = stage(tmp_path / "s", sources, {})
    reader = BatchReader(lambda row: row, threads=1)
    posts = [
        [pair.post for pair in pairs_of(list(reader.read(lines, lambda _: None)))]
        for lines in staging.ranges("train", size)
    ]
    assert [post for part in posts for post in part] == [f"帖 {i}" for i in range(10)]
    assert [len(part) for part in posts[:-1]] == [size] * (len(posts) - 1)
    assert 0 < len(posts[-1]) <= size
    assert list(staging.ranges("dev", size)) == [[]]


def test_texts_are_evenly_spaced(tmp_path, write_jsonl, monkeypatch):
    monkeypatch.setattr(staging_module, "PAIRS_PER_PART", 30)
    pairs = [{"post": f"p{i}", "response": f"r{i}", "emotion": 0} for i in range(100)]
    staging = stage(tmp_path / "s", [("train", write_jsonl(pairs))], {})
    assert staging.texts("train", 8) == ["p0", "r0", "p25", "r25", "p50", "r50", "p75", "r75"]
    assert len(staging.texts("train", 1000)) == 200


def test_texts_of_a_small_corpus_reach_its_end(tmp_path, write_jsonl):
    pairs = [{"post": f"p{i}", "response": f"r{i}", "emotion": 0} for i in range(150)]
    staging = stage(tmp_path / "s", [("train", write_jsonl(pairs))], {})
    texts = staging.texts("train", 200)
    assert texts == [f"{side}{i}" for i in range(0, 150, 2) for side in "pr"]


def test_a_source_that_is_read_again_gives_the_same_files(tmp_path, write_jsonl):
    pairs = write_jsonl(rows(20))
    (tmp_path / "s").mkdir()
    read = SourceReader(tmp_path / "s", LabelOptions(DEFAULT), {"dev": 0.5})
    results = [read(Source(3, "train", pairs), lambda _: None) for _ in range(2)]
    assert results[0] == results[1]
    names = sorted(path.name for path in (tmp_path / "s").iterdir())
    assert names == ["dev-00003-00000.tsv", "train-00003-00000.tsv"]


def test_a_bad_record_leaves_no_half_written_file(tmp_path, write_jsonl):
    pairs = write_jsonl([*rows(5), {"post": "x"}])
    with pytest.raises(InputError, match=r"pairs\.jsonl: line 6: .*--skip_bad_records"):
        stage(tmp_path / "s", [("train", pairs)], {})
    assert list((tmp_path / "s").iterdir()) == []


def test_bad_records_of_all_sources(tmp_path, write_jsonl):
    packed = tmp_path / "b.jsonl.gz"
    packed.write_bytes(gzip.compress(b"{}\n{}\n"))
    sources = [("train", write_jsonl(rows(5), "a.jsonl")), ("train", packed)]
    staging = stage(tmp_path / "s", sources, {}, skip_bad_records=True)
    assert (staging.rejected_count, staging.first_rejected.record) == (2, 1)
    assert [len(path.read_text().splitlines()) for path in staging.rejected] == [0, 2]
