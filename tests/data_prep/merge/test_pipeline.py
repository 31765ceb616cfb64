"""The `merge` command: splits without shared posts, counts that add up, and invalid input."""

import json
from collections import Counter
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest

from data_prep.__main__ import main
from data_prep.corpus.readers import LabelOptions, read_pairs
from data_prep.merge import pipeline
from data_prep.merge.comparison import comparable
from data_prep.merge.near_duplicates import jaccard, ngrams
from data_prep.merge.pipeline import merge_corpora
from data_prep.merge.report import REASONS
from data_prep.merge.settings import MergeSettings
from data_prep.merge.sources import SourceList
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import read_manifest, sha256, verify_files

TEST_POST = "昨天晚上我们在公园里看到一只很大的白猫"
DEV_POST = "下个星期我要去北京参加一个重要的会议"
NEAR_TEST_POST = "昨天晚上我们在公园里看到一只很大的黑猫"  # one other character
NEAR_DEV_POST = "下个星期我要去北京参加一个重要的会议啊"  # one more character
TRAIN = {"train": ["train.jsonl"], "terms": "MIT"}


def pair(post: str, response: str) -> dict[str, str]:
    return {"post": post, "response": response}


@pytest.fixture
def write_sources(tmp_path) -> Callable[..., Path]:
    """Writes a TOML file of sources and the files of pairs; returns the TOML file."""

    def write(sources: dict[str, dict], files: dict[str, list[dict]], head: str = "") -> Path:
        data = tmp_path / "data"
        data.mkdir(exist_ok=True)
        for name, rows in files.items():
            lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
            (data / name).write_text("".join(lines), encoding="utf-8")
        text = head
        for name, source in sources.items():
            text += f"[sources.{name}]\n"
            text += "".join(f"{key} = {json.dumps(value)}\n" for key, value in source.items())
        path = data / "sources.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def two_sources(write_sources) -> Path:
    """A source with all splits and one for training only; they share posts and near-duplicates."""
    return write_sources(
        {
            "talk": {
                "train": ["talk-train.jsonl"],
                "dev": ["talk-dev.jsonl"],
                "test": ["talk-test.jsonl"],
                "terms": "MIT",
            },
            "film": {"train": ["film-*.jsonl"], "terms": "research", "url": "https://example.org"},
        },
        {
            "talk-test.jsonl": [
                pair(TEST_POST, "真可爱"),
                pair(TEST_POST, "我也想看"),
                pair(TEST_POST + "！", "真可爱。"),  # duplicate
            ],
            "talk-dev.jsonl": [
                pair(DEV_POST, "一路顺风"),
                pair(TEST_POST, "不会吧"),  # held_out_post
                pair(DEV_POST, "什么时候回来"),
            ],
            "talk-train.jsonl": [
                pair("今天天气真好", "出去走走吧"),
                pair(NEAR_TEST_POST, "好大的猫"),  # held_out_post
                pair(NEAR_DEV_POST, "加油"),  # held_out_post
                pair("我的钱包丢了", "在哪里丢的"),
                pair("我的 钱包丢了！", "在哪里丢的？"),  # duplicate
            ],
            "film-1.jsonl": [
                pair("今天天气真好", "出去走走吧"),  # duplicate
                pair("今天天气真好", "我想睡觉"),
                pair("你看这个网页", "http://example.org 很好"),  # link
                pair("你怎么了", "……"),  # no_letter
            ],
            "film-2.jsonl": [
                pair("你好", "你好！"),  # equal_to_post
                pair("长" * 201, "太长了"),  # length
                pair("这家店的红烧肉做得特别好吃我们下次再来", "好啊下次我请你吃红烧肉和糖醋鱼"),
                pair("这家店的红烧肉做得特别好吃我们下次再来", "好啊下次我请你吃红烧肉和糖醋鸡"),
            ],
        },
    )


def merge(path: Path, output: Path, *, overwrite: bool = False, **settings: object) -> dict:
    counts = merge_corpora(
        SourceList.load(path), MergeSettings(**settings), output, overwrite=overwrite
    )
    return {name: source.to_dict() for name, source in counts.items()}


def rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def texts(path: Path) -> list[tuple[str, str]]:
    return [(row["post"], row["response"]) for row in rows(path)]


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_splits_share_no_post_and_no_near_duplicate(two_sources, tmp_path):
    output = tmp_path / "corpus"
    merge(two_sources, output)
    posts = {
        split: {comparable(row["post"]) for row in rows(output / f"{split}.jsonl")}
        for split in ("train", "dev", "test")
    }
    assert comparable(TEST_POST) in posts["test"]
    assert comparable(DEV_POST) in posts["dev"]
    assert all(posts.values())
    for one, other in combinations(posts.values(), 2):
        for post in one:
            similarities = [jaccard(ngrams(post, 2), ngrams(text, 2)) for text in other]
            assert max(similarities) < 0.8
    assert jaccard(ngrams(TEST_POST, 2), ngrams(NEAR_TEST_POST, 2)) >= 0.8, "the test tests this"
    assert jaccard(ngrams(DEV_POST, 2), ngrams(NEAR_DEV_POST, 2)) >= 0.8


def test_output_and_counts(two_sources, tmp_path):
    output = tmp_path / "corpus"
    counts = merge(two_sources, output)
    assert {path.name for path in output.iterdir()} == {
        *("train.jsonl", "dev.jsonl", "dev-talk.jsonl", "test.jsonl", "test-talk.jsonl"),
        *("report.json", "report.md", "manifest.json"),
    }
    assert rows(output / "test.jsonl") == [
        {"post": TEST_POST, "response": "真可爱", "source": "talk"},
        {"post": TEST_POST, "response": "我也想看", "source": "talk"},
    ]
    assert texts(output / "dev-talk.jsonl") == [(DEV_POST, "一路顺风"), (DEV_POST, "什么时候回来")]
    assert texts(output / "train.jsonl") == [
        ("今天天气真好", "出去走走吧"),
        ("我的钱包丢了", "在哪里丢的"),
        ("今天天气真好", "我想睡觉"),
        ("这家店的红烧肉做得特别好吃我们下次再来", "好啊下次我请你吃红烧肉和糖醋鱼"),
    ]
    none = dict.fromkeys(REASONS, 0)
    assert counts == {
        "talk": {
            "given": 11,
            "lost": {**none, "duplicate": 2, "held_out_post": 3},
            "kept": {"train": 2, "dev": 2, "test": 2},
            "train_lines": 2,
        },
        "film": {
            "given": 8,
            "lost": none
            | dict.fromkeys(
                ("length", "link", "no_letter", "equal_to_post", "duplicate", "near_duplicate"), 1
            ),
            "kept": {"train": 2, "dev": 0, "test": 0},
            "train_lines": 2,
        },
    }
    assert json.loads((output / "report.json").read_text(encoding="utf-8")) == counts
    assert all(name in (output / "report.md").read_text(encoding="utf-8") for name in REASONS)


def test_manifest_has_the_digests_and_terms_of_the_sources(two_sources, tmp_path):
    output = tmp_path / "corpus"
    merge(two_sources, output)
    manifest = read_manifest(output, "corpus")
    verify_files(output, manifest)
    assert manifest["sources"] == {
        path.name: sha256(path) for path in two_sources.parent.iterdir() if path.is_file()
    }
    assert manifest["settings"]["sources"] == {
        "talk": {"weight": 1.0, "terms": "MIT", "url": ""},
        "film": {"weight": 1.0, "terms": "research", "url": "https://example.org"},
    }


def test_formats_are_those_of_the_readers_and_labels_are_ignored(write_sources, tmp_path):
    path = write_sources(
        {"all": {"train": ["dialogues.json", "table.tsv"], "terms": "MIT"}},
        {"table.tsv": []},
    )
    (path.parent / "dialogues.json").write_text(
        json.dumps([["我 饿 了 。", "去 吃 饭", "走 吧"]]), encoding="utf-8"
    )
    (path.parent / "table.tsv").write_text(
        "post\tresponse\tsource_post_emotion\tsource_emotion\n你好\t早\tnone\tjoy\n",
        encoding="utf-8",
    )
    merge(path, tmp_path / "corpus")
    made = tmp_path / "corpus" / "train.jsonl"
    expected = [("我饿了。", "去吃饭"), ("去吃饭", "走吧"), ("你好", "早")]
    assert texts(made) == expected
    records = read_pairs(made, LabelOptions(emotions=None, required=False))
    assert [(record.post, record.response) for record in records] == expected


def numbered(number: int) -> list[dict[str, str]]:
    """Pairs that have no bigram in common."""
    return [
        pair(chr(0x4E00 + i) + chr(0x5E00 + i), chr(0x6E00 + i) + chr(0x7E00 + i))
        for i in range(number)
    ]


def test_names_that_look_like_patterns_and_directories_that_match(write_sources, tmp_path):
    files = {"a [v2].jsonl": [pair("猫", "可爱")], "b-1.jsonl": [pair("狗", "忠诚")]}
    given = {"train": ["a [v2].jsonl", "b-*"], "terms": "MIT"}
    sources = write_sources({"talk": given}, files)
    (sources.parent / "b-directory").mkdir()
    found = SourceList.load(sources)
    assert sorted(path.name for path in found.paths) == ["a [v2].jsonl", "b-1.jsonl"]


def test_weights_repeat_and_sample_training_pairs(write_sources, tmp_path):
    def made(weight: float, seed: int = 0) -> Counter:
        path = write_sources({"a": {**TRAIN, "weight": weight}}, {"train.jsonl": numbered(400)})
        output = tmp_path / f"{weight}-{seed}"
        counts = merge(path, output, seed=seed)["a"]
        copies = Counter(texts(output / "train.jsonl"))
        assert counts["train_lines"] == copies.total()
        assert counts["kept"]["train"] == len(copies) == 400 - counts["lost"]["weight"]
        return copies

    assert set(made(2).values()) == {2}
    half, more = made(0.5), made(2.5)
    assert 160 < len(half) < 240
    assert set(half.values()) == {1}
    assert set(more.values()) == {2, 3}
    assert {text for text, copies in more.items() if copies == 3} == half.keys()
    assert made(0.5, seed=1).keys() != half.keys()


def test_fractions_of_the_posts_go_to_dev_and_test(write_sources, tmp_path):
    source = {**TRAIN, "dev_fraction": 0.2, "test_fraction": 0.1, "weight": 2}
    output = tmp_path / "corpus"
    counts = merge(write_sources({"a": source}, {"train.jsonl": numbered(400)}), output)["a"]
    kept = counts["kept"]
    assert sum(kept.values()) == 400
    assert 50 < kept["dev"] < 110
    assert 20 < kept["test"] < 60
    assert len(rows(output / "dev.jsonl")) == kept["dev"], "only training pairs have a weight"


def test_maximum_of_the_same_response(write_sources, tmp_path):
    posts = [row["post"] for row in numbered(9)]
    many = [pair(post, "哈哈！" if i % 2 else "哈哈") for i, post in enumerate(posts)]
    path = write_sources({"a": TRAIN}, {"train.jsonl": many})
    counts = merge(path, tmp_path / "corpus", max_same_response=3)["a"]
    assert (counts["kept"]["train"], counts["lost"]["same_response"]) == (3, 6)


def test_near_duplicate_pairs_can_be_kept(two_sources, tmp_path):
    counts = merge(two_sources, tmp_path / "corpus", near_duplicate_pairs=False)
    assert counts["film"]["kept"]["train"] == 3
    assert counts["film"]["lost"]["near_duplicate"] == 0


def test_the_same_input_gives_the_same_bytes_and_overwrite_replaces(two_sources, tmp_path):
    output = tmp_path / "corpus"
    merge(two_sources, output)
    first = contents(output)
    with pytest.raises(InputError, match="exists already; --overwrite replaces it"):
        merge(two_sources, output)
    merge(two_sources, output, overwrite=True)
    assert contents(output) == first
    merge(two_sources, output, overwrite=True, ngram=3)
    assert contents(output)["manifest.json"] != first["manifest.json"]


def test_an_interrupted_run_leaves_nothing(two_sources, tmp_path, monkeypatch):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline.Selection, "rejection", interrupt)
    with pytest.raises(KeyboardInterrupt):
        merge(two_sources, tmp_path / "corpus")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_bad_records_stop_the_run_or_are_counted(write_sources, tmp_path):
    path = write_sources({"a": TRAIN}, {"train.jsonl": [pair("你好", "早"), pair(" ", "好")]})
    with pytest.raises(InputError, match=r"train\.jsonl: line 2: .*--skip_bad_records"):
        merge(path, tmp_path / "corpus")
    assert not (tmp_path / "corpus").exists()
    counts = merge(path, tmp_path / "corpus", skip_bad_records=True)["a"]
    assert (counts["given"], counts["lost"]["bad_record"], counts["kept"]["train"]) == (2, 1, 1)
    assert rows(tmp_path / "corpus" / "rejected.jsonl")[0]["record"] == 2


def test_terms_are_required_unless_the_file_says_otherwise(write_sources, tmp_path, capsys):
    files = {"train.jsonl": [pair("你好", "早")]}
    path = write_sources({"a": {"train": ["train.jsonl"]}}, files)
    with pytest.raises(InputError, match=r"source a: expected terms, .*require_terms = false"):
        merge(path, tmp_path / "corpus")
    write_sources({"a": {"train": ["train.jsonl"]}}, files, "require_terms = false\n")
    main(["merge", str(path), "--output", str(tmp_path / "corpus")])
    assert "| a " in capsys.readouterr().out
    assert "none stated" in (tmp_path / "corpus" / "report.md").read_text(encoding="utf-8")


def test_the_files_of_make_corpus_are_found(real_data):
    path = Path(__file__).parents[3] / "experiments/conversations/zh.toml"
    sources = SourceList.load(path, real_data)
    assert len(list(sources.paths)) == 9
    assert sources.digests.keys() >= {"lccc/lccc_base_test.json", "dialogue/zh/msctd.tsv.gz"}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({**TRAIN, "wieght": 2}, r"source a: unknown settings \['wieght'\]"),
        ({**TRAIN, "weight": 0}, "source a: weight: expected a number above 0, got 0"),
        ({**TRAIN, "weight": -1}, "source a: weight: expected a number above 0, got -1"),
        ({**TRAIN, "train": "train.jsonl"}, "source a: train: expected a list of paths"),
        ({**TRAIN, "train": ["other.jsonl"]}, "source a: train: expected at least one file .*none"),
        ({**TRAIN, "test": ["train.jsonl"]}, r"source a: .*train\.jsonl is listed twice"),
        ({"terms": "MIT"}, "source a: train: expected paths of train, dev or test"),
        ({**TRAIN, "dev_fraction": 0.5, "test_fraction": 0.5}, "sum with dev_fraction"),
        ({"test": ["train.jsonl"], "terms": "MIT"}, "expected at least one training pair"),
        ({**TRAIN, "test_fraction": 1e-9}, "source a: expected at least one pair for test"),
    ],
)
def test_an_invalid_source_is_one_sentence(write_sources, tmp_path, source, message):
    path = write_sources({"a": source}, {"train.jsonl": [pair("你好", "早")]})
    with pytest.raises(InputError, match=message):
        merge(path, tmp_path / "corpus")
    assert not (tmp_path / "corpus").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"expected at least one table \[sources.NAME\], got none"),
        ("[sources]\n", "expected at least one table"),
        ("sources = 3\n", "expected at least one table"),
        ("threshold = 1\n[sources.a]\n", r"expected the keys .* got \['threshold'\]"),
        ("require_terms = 1\n[sources.a]\n", "require_terms: expected true or false, got 1"),
        ('[sources."a/b"]\n', "source 'a/b': expected a name of letters"),
        ("[sources]\na = 1\n", "source a: expected a table, got 1"),
        ("[sources.a\n", "expected a TOML file with a table"),
    ],
)
def test_an_invalid_list_is_one_sentence(tmp_path, text, message):
    path = tmp_path / "sources.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        SourceList.load(path)


def test_a_source_in_the_output_directory_is_refused(write_sources, tmp_path):
    path = write_sources({"a": TRAIN}, {"train.jsonl": [pair("你好", "早")]})
    merge(path, tmp_path / "corpus")
    inside = tmp_path / "inside.toml"
    inside.write_text(
        f'[sources.a]\ntrain = ["{tmp_path}/corpus/train.jsonl"]\nterms = "MIT"\n', encoding="utf-8"
    )
    with pytest.raises(InputError, match="expected a source outside the output directory"):
        merge(inside, tmp_path / "corpus", overwrite=True)
