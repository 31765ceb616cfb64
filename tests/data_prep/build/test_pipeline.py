"""The `build` command: dataset directories, their determinism and invalid input."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import tensorflow as tf

from data_prep.__main__ import main
from data_prep.build.pipeline import build_dataset
from data_prep.build.settings import BuildSettings
from data_prep.build.sources import DatasetSources
from data_prep.build.summary import summary
from data_prep.execution.executor import SingleMachine
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import read_manifest, sha256, verify_files
from ecm_tf.data.records import parse_pair
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.emotions import DEFAULT, Emotion, Emotions
from ecm_tf.text.processor import TextProcessor

AS_SPLIT = ("--segmenter", "whitespace", "--test_fraction", "0")
WHITESPACE = {"segmenter": "whitespace", "dev_fraction": 0.0, "test_fraction": 0.0}


def row(post: str, response: str, emotion: int | str, **more: object) -> dict[str, object]:
    return {"post": post, "response": response, "emotion": emotion, **more}


# Post tokens: 今天 8, 好 5, 累 3, 明天 2, 雨 2. Response tokens: 好 6, 是 4, 的 4.
TRAIN = [
    *(row("今天 好", "是 的", "like") for _ in range(4)),
    row("今天 好", "好", 5, post_emotion="sad"),
    *(row("今天 累", "好", 2) for _ in range(3)),
    *(row("明天 雨", "好", 0) for _ in range(2)),
]
DEV = [row("今天 好 吗", "好 吧", 4)]


def make(
    output: Path,
    train: Path,
    dev: Path | None = None,
    *,
    ememory: Path | None = None,
    overwrite: bool = False,
    emotions: Path | None = None,
    assets: Path | None = None,
    **settings: object,
) -> dict:
    corpus = {"train": [train]} | ({"dev": [dev]} if dev else {})
    return build_dataset(
        DatasetSources(corpus, ememory, emotions, assets),
        BuildSettings(**settings),
        output,
        overwrite=overwrite,
        executor=SingleMachine(workers=1),
    )


def records(dataset: Path, split: str) -> Iterator[dict]:
    files = sorted(str(path) for path in dataset.glob(f"{split}-*.tfrecord"))
    for record in tf.data.TFRecordDataset(files):
        yield {name: t.numpy() for name, t in parse_pair(record, with_texts=True).items()}


def contents(directory: Path) -> dict[str, bytes]:
    paths = (path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): path.read_bytes() for path in paths}


@pytest.fixture
def ten_pairs(write_jsonl) -> Path:
    return write_jsonl(TRAIN, "train.jsonl")


def test_counts_of_ten_pairs(tmp_path, ten_pairs, write_jsonl):
    ememory = tmp_path / "ememory.json"
    ememory.write_text(json.dumps([[], ["好", "棒"], [], [], [], ["是", "的", "好"]]))
    counts = make(
        tmp_path / "dataset",
        ten_pairs,
        write_jsonl(DEV, "dev.jsonl"),
        ememory=ememory,
        post_vocabulary_size=6,
        response_vocabulary_size=6,
        **WHITESPACE,
    )
    assert counts["pairs"] == {"train": 10, "dev": 1, "test": 0}
    assert counts["emotions"] == {
        "train": [2, 4, 3, 0, 0, 1],
        "dev": [0, 0, 0, 0, 1, 0],
        "test": [0] * 6,
    }
    assert counts["tokens"]["train"] == {"post": 20, "response": 14}
    assert counts["tokens"]["dev"] == {"post": 3, "response": 2}
    assert counts["vocabulary"] == {"post": 6, "response": 6}
    assert counts["coverage"] == {
        "train": {"post": 13 / 20, "response": round(10 / 14, 6)},
        "dev": {"post": round(2 / 3, 6), "response": 0.5},
        "test": {"post": None, "response": None},
    }
    assert counts["external_memory"] == {
        "given": [0, 2, 0, 0, 0, 3],
        "in_vocabulary": [0, 1, 0, 0, 0, 2],
    }
    assert counts["rejected"] == 0
    assert "tokenizer_agreement" not in counts
    assets = TextAssets.load(tmp_path / "dataset" / "assets")
    assert assets.post_words == ["_PAD", "_UNK", "_EOS", "_GO", "今天", "好"]
    assert assets.response_words == ["_PAD", "_UNK", "_EOS", "_GO", "好", "是"]
    assert assets.external_memory == [[], ["好"], [], [], [], ["是", "好"]]
    manifest = read_manifest(tmp_path / "dataset", "dataset")
    verify_files(tmp_path / "dataset", manifest)
    assert manifest["counts"] == counts
    assert manifest["sources"].keys() == {"train.jsonl", "dev.jsonl", "ememory.json"}
    text = summary(counts, DEFAULT)
    assert "in vocabulary  65.00 %  66.67 %     -" in text
    assert "other 0 of 0, like 1 of 2" in text
    assert "note: test has no pairs; give --test FILE or raise --test_fraction" in text


def test_record_contents(tmp_path, ten_pairs):
    make(tmp_path / "dataset", ten_pairs, pairs_per_shard=4, **WHITESPACE)
    dataset = tmp_path / "dataset"
    assert sorted(path.name for path in dataset.iterdir()) == [
        "assets",
        "dev-00000.tfrecord",
        "manifest.json",
        "test-00000.tfrecord",
        "train-00000.tfrecord",
        "train-00001.tfrecord",
        "train-00002.tfrecord",
    ]
    rows = list(records(dataset, "train"))
    assert [r["post_text"].decode() for r in rows] == [r["post"] for r in TRAIN]
    assert [r["response_text"].decode() for r in rows] == [r["response"] for r in TRAIN]
    assert [r["emotion"] for r in rows] == [1] * 4 + [5] + [2] * 3 + [0] * 2
    assert [r["post_emotion"] for r in rows] == [-1] * 4 + [2] + [-1] * 5
    # Post words by frequency: 今天 4, 好 5, 累 6, 明天 7, 雨 8; responses: 好 4, 是 5, 的 6.
    assert [r["post"].tolist() for r in rows] == [[4, 5]] * 5 + [[4, 6]] * 3 + [[7, 8]] * 2
    assert [r["response"].tolist() for r in rows] == [[5, 6]] * 4 + [[4]] * 6
    assert not list(records(dataset, "dev"))


def test_no_empty_shard_after_full_ones(tmp_path, ten_pairs):
    make(tmp_path / "dataset", ten_pairs, pairs_per_shard=5, **WHITESPACE)
    assert len(list((tmp_path / "dataset").glob("train-*"))) == 2


@pytest.mark.parametrize("segmenter", ["jieba", "whitespace"])
def test_build_is_deterministic(tmp_path, write_jsonl, segmenter):
    rows = [row(f"今天第{i}次去天安门", f"真 好{i % 7}，iphone{i}", i % 6) for i in range(300)]
    train = write_jsonl(rows)
    counts = make(tmp_path / "a", train, segmenter=segmenter, dev_fraction=0.2)
    make(tmp_path / "b", train, segmenter=segmenter, dev_fraction=0.2)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    everything = b"".join(contents(tmp_path / "a").values())
    assert str(tmp_path).encode() not in everything
    posts = {
        split: {record["post_text"] for record in records(tmp_path / "a", split)}
        for split in ("train", "dev", "test")
    }
    assert sum(map(len, posts.values())) == len(set.union(*posts.values())) == 300
    assert all(posts.values())
    if segmenter == "jieba":
        assert counts["tokenizer_agreement"]["texts"] == 2 * counts["pairs"]["train"]
        assert counts["tokenizer_agreement"]["hmm_on"]["boundary_f1"] > 0.9
        assert "tokenizer against jieba" in summary(counts, DEFAULT)


def test_raw_and_segmented_chinese_give_the_same_ids(tmp_path, write_jsonl):
    raw = [row("今天天气真好", "我爱北京天安门", 1), row("他来到了网易", "iphone手机好", 2)]
    split = [
        row("今天 天气 真 好", "我 爱 北京 天安门", 1),
        row("他 来到 了 网易", "iphone 手机 好", 2),
    ]
    ids = []
    for name, rows in (("raw", raw), ("split", split)):
        make(tmp_path / name, write_jsonl(rows, f"{name}.jsonl"), dev_fraction=0, test_fraction=0)
        ids.append(
            [
                (r["post"].tolist(), r["response"].tolist())
                for r in records(tmp_path / name, "train")
            ]
        )
    assert ids[0] == ids[1]
    assert (tmp_path / "raw/assets/tokenizer.model").read_bytes() == (
        tmp_path / "split/assets/tokenizer.model"
    ).read_bytes()


def test_saved_assets_reproduce_the_records(tmp_path, write_jsonl):
    train = write_jsonl([row(f"在{i}月去北京", "真的吗？太好了！", 1) for i in range(20)])
    make(tmp_path / "dataset", train)
    processor = TextProcessor(TextAssets.load(tmp_path / "dataset" / "assets"))
    rows = list(records(tmp_path / "dataset", "train"))
    posts = processor.post_ids(tf.constant([r["post_text"] for r in rows])).to_list()
    assert [r["post"].tolist() for r in rows] == posts
    assert all(min(post) > 3 for post in posts)


@pytest.mark.parametrize("normalize_digits", [True, False])
def test_digits(tmp_path, write_jsonl, normalize_digits):
    train = write_jsonl([row("1 2", "345", 0)])
    make(tmp_path / "dataset", train, normalize_digits=normalize_digits, **WHITESPACE)
    assets = TextAssets.load(tmp_path / "dataset" / "assets")
    assert assets.normalize_digits is normalize_digits
    assert assets.post_words[4:] == (["0"] if normalize_digits else ["1", "2"])
    assert assets.response_words[4:] == (["000"] if normalize_digits else ["345"])


@pytest.mark.parametrize(
    ("flags", "recorded", "words"),
    [
        ({}, "width", ["OK"]),
        ({"normalization": "nfkc"}, "nfkc", ["OK"]),
        ({"normalization": "none"}, "none", ["ＯＫ"]),
    ],
)
def test_normalization(tmp_path, write_jsonl, flags, recorded, words):
    train = write_jsonl([row("ＯＫ", "ＯＫ", 1)])
    ememory = tmp_path / "ememory.json"
    ememory.write_text(json.dumps([[], ["ＯＫ"], [], [], [], []]), encoding="utf-8")
    make(tmp_path / "dataset", train, ememory=ememory, **flags, **WHITESPACE)
    assets = TextAssets.load(tmp_path / "dataset" / "assets")
    assert assets.normalization == recorded
    assert assets.post_words[4:] == assets.response_words[4:] == words
    assert assets.external_memory[1] == words


def test_custom_categories(tmp_path, write_jsonl):
    own = Emotions([Emotion("calm", "平静"), Emotion("glad", "高兴", ("joy",))])
    train = write_jsonl([row("a", "b", "joy"), row("a", "b", "平静")])
    own.save(tmp_path / "own.json")
    counts = make(tmp_path / "dataset", train, emotions=tmp_path / "own.json", **WHITESPACE)
    assert "own.json" in read_manifest(tmp_path / "dataset", "dataset")["sources"]
    assert counts["emotions"]["train"] == [1, 1]
    assert TextAssets.load(tmp_path / "dataset" / "assets").emotions == own


def test_long_text_is_truncated(tmp_path, write_jsonl):
    counts = make(tmp_path / "d", write_jsonl([row("好" * 100_000, "b", 0)]))
    assert counts["tokens"]["train"]["post"] <= 1000


BAD = row("今天 好", "好", "joyful")


def test_bad_record_stops_the_build_without_files(tmp_path, write_jsonl):
    train = write_jsonl([*TRAIN, BAD])
    before = sorted(tmp_path.iterdir())
    with pytest.raises(
        InputError, match=r"pairs\.jsonl: line 11: response: unknown emotion 'joyful'"
    ):
        make(tmp_path / "dataset", train, **WHITESPACE)
    assert sorted(tmp_path.iterdir()) == before


def test_skipped_records_are_counted_and_listed(tmp_path, write_jsonl):
    train = write_jsonl([BAD, *TRAIN, b"{"])
    counts = make(tmp_path / "dataset", train, skip_bad_records=True, **WHITESPACE)
    assert (counts["rejected"], counts["pairs"]["train"]) == (2, 10)
    lines = (tmp_path / "dataset" / "rejected.jsonl").read_text(encoding="utf-8").splitlines()
    assert [(json.loads(line)["file"], json.loads(line)["record"]) for line in lines] == [
        ("pairs.jsonl", 1),
        ("pairs.jsonl", 12),
    ]
    assert "joyful" in json.loads(lines[0])["reason"]
    assert json.loads(lines[1])["raw"] == "{"
    verify_files(tmp_path / "dataset", manifest := read_manifest(tmp_path / "dataset", "dataset"))
    assert "rejected.jsonl" in manifest["files"]


def test_corpus_without_valid_pairs_is_rejected(tmp_path, write_jsonl):
    with pytest.raises(InputError, match=r"got none; 2 bad records, the first: .*line 1: .*joyful"):
        make(tmp_path / "d", write_jsonl([BAD, BAD]), skip_bad_records=True, **WHITESPACE)
    with pytest.raises(InputError, match="got none; the files are empty"):
        make(tmp_path / "d", write_jsonl([]), format="jsonl", **WHITESPACE)
    assert not (tmp_path / "d").exists()


@pytest.fixture
def english(tmp_path, write_jsonl) -> Path:
    """An English dataset with its own categories and emotion words."""
    emotions, ememory = tmp_path / "emotions.json", tmp_path / "ememory.json"
    emotions.write_text(
        '[{"name": "calm", "chinese": "平静"}, {"name": "glad", "chinese": "高兴"}]'
    )
    ememory.write_text('[[], ["great"]]')
    train = write_jsonl([row("How are you?", "Great, thanks 5!", "glad")] * 5, "english.jsonl")
    settings = WHITESPACE | {"segmenter": "english", "normalization": "nfkc"}
    output = tmp_path / "english"
    make(output, train, emotions=emotions, ememory=ememory, normalize_digits=False, **settings)
    return output


def test_a_dataset_with_the_assets_of_another(tmp_path, write_jsonl, english):
    train = write_jsonl([row("You, how great?", "Unheard 5!", "calm")] * 3)
    settings = {"dev_fraction": 0.0, "test_fraction": 0.0}
    counts = make(tmp_path / "dataset", train, assets=english, **settings)
    assert contents(tmp_path / "dataset/assets") == contents(english / "assets")
    words = TextAssets.load(english / "assets").response_words
    first = next(records(tmp_path / "dataset", "train"))
    assert [words[i] for i in first["response"]] == ["_UNK", "5", "!"]
    manifest = read_manifest(tmp_path / "dataset", "dataset")
    assert manifest["sources"]["assets"] == sha256(english / "manifest.json")
    assert counts["emotions"]["train"] == [3, 0]
    assert counts["external_memory"] == {"given": [0, 1], "in_vocabulary": [0, 1]}
    recorded = manifest["settings"]
    assert recorded["segmenter"] == "english" and recorded["normalization"] == "nfkc"
    assert recorded["response_vocabulary_size"] == len(words)
    assert "bad records" in summary(counts, DatasetSources({}, assets=english).categories())


def test_what_contradicts_given_assets_is_rejected(tmp_path, ten_pairs, english):
    file = tmp_path / "ememory.json"
    for arguments, message in (
        ({"ememory": file}, f"--ememory: expected no file with --assets {english}"),
        ({"emotions": file}, f"--emotions: expected no file with --assets {english}"),
        ({"segmenter": "whitespace"}, "--segmenter: expected english, that of --assets"),
        ({"response_vocabulary_size": 100}, "--response_vocabulary_size: expected 9, that of"),
        ({"assets": ten_pairs.parent}, "expected a finished dataset or model directory"),
        ({"assets": tmp_path / "nothing"}, "no such directory; expected a dataset or model"),
    ):
        with pytest.raises(InputError, match=re.escape(message)):
            make(tmp_path / "dataset", ten_pairs, **({"assets": english} | arguments))
        assert not (tmp_path / "dataset").exists()


def test_given_flags_that_the_sources_decide_are_rejected(tmp_path, write_jsonl, english):
    """Even if their values are the defaults."""
    pairs = str(write_jsonl([row("You, how great?", "Unheard 5!", "calm")] * 3))
    output = tmp_path / "dataset"
    dev, test, assets = ("--dev", pairs), ("--test", pairs), ("--assets", str(english))
    for flags, message in (
        ((*dev, "--dev_fraction", "0.05"), "--dev_fraction: expected 0.0, because --dev is given"),
        ((*test, "--test_fraction", "0.2"), "--test_fraction: expected 0.0, because --test is"),
        ((*assets, "--segmenter", "jieba"), "--segmenter: expected english, that of --assets"),
        ((*assets, "--post_vocabulary_size", "40000"), "--post_vocabulary_size: expected 8, that"),
    ):
        with pytest.raises(InputError, match=re.escape(message)):
            main(["build", "--train", pairs, "--output", str(output), *flags])
        assert not output.exists()
    agreeing = (*dev, "--dev_fraction", "0", *assets, "--segmenter", "english")
    main(["build", "--train", pairs, "--output", str(output), *agreeing])
    settings = read_manifest(output, "dataset")["settings"]
    assert (settings["dev_fraction"], settings["test_fraction"]) == (0, 0.05)


@pytest.mark.parametrize("name", ["external_memory.json", "response_vocabulary.txt"])
def test_changed_assets_are_rejected(tmp_path, ten_pairs, english, name):
    with (english / "assets" / name).open("a", encoding="utf-8") as file:
        file.write("more\n")
    with pytest.raises(InputError, match=re.escape(name)):
        make(tmp_path / "dataset", ten_pairs, assets=english)
    assert not (tmp_path / "dataset").exists()


def test_output_is_overwritten_only_on_request(tmp_path, ten_pairs):
    output = tmp_path / "dataset"
    output.mkdir()
    make(output, ten_pairs, **WHITESPACE)
    before = contents(output)
    with pytest.raises(
        InputError, match="a dataset directory exists already; --overwrite replaces it"
    ):
        make(output, ten_pairs, **WHITESPACE)
    with pytest.raises(InputError, match="unknown emotion"):
        make(output, ten_pairs, overwrite=True, default_emotion="joyful", **WHITESPACE)
    assert contents(output) == before
    make(output, ten_pairs, overwrite=True, pairs_per_shard=3, **WHITESPACE)
    assert len(contents(output)) == len(before) + 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dataset", "train.jsonl"]


def test_other_directories_and_files_are_never_overwritten(tmp_path, ten_pairs):
    with pytest.raises(InputError, match="this directory contains other files"):
        make(tmp_path, ten_pairs, overwrite=True, **WHITESPACE)
    with pytest.raises(InputError, match="expected a new directory, got a file"):
        make(ten_pairs, ten_pairs, overwrite=True, **WHITESPACE)
    with pytest.raises(InputError, match="the directory cannot be created"):
        make(ten_pairs / "below", ten_pairs, **WHITESPACE)


def test_invalid_sources_are_rejected(tmp_path, ten_pairs, write_jsonl):
    with pytest.raises(
        InputError, match=r"none\.jsonl: no such file; expected a readable source file"
    ):
        make(tmp_path / "d", tmp_path / "none.jsonl")
    with pytest.raises(InputError, match="expected a readable source file, got a directory"):
        make(tmp_path / "d", tmp_path)
    make(tmp_path / "d", ten_pairs, **WHITESPACE)
    inside = tmp_path / "d" / "train.jsonl"
    inside.write_bytes(ten_pairs.read_bytes())
    with pytest.raises(InputError, match="expected a source outside the output directory"):
        make(tmp_path / "d", inside, overwrite=True, **WHITESPACE)


def test_splits_may_have_files_of_the_same_name(tmp_path, write_jsonl):
    for split, rows in (("train", TRAIN), ("dev", DEV)):
        (tmp_path / split).mkdir()
        write_jsonl(rows, f"{split}/part-00000.jsonl")
    directories = ("--train", str(tmp_path / "train"), "--dev", str(tmp_path / "dev"))
    main(["build", *directories, "--output", str(tmp_path / "dataset"), *AS_SPLIT])
    sources = read_manifest(tmp_path / "dataset", "dataset")["sources"]
    assert list(sources) == ["train/part-00000.jsonl", "dev/part-00000.jsonl"]
