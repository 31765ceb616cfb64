"""The sample corpus is reproducible and balanced, with held-out posts and consistent emotions."""

import json
from collections import Counter
from pathlib import Path

import jieba
import pytest

from data_prep.__main__ import main
from data_prep.corpus.sample import HELD_OUT_POST, write_sample
from ecm_tf.core.errors import InputError
from ecm_tf.text.emotions import DEFAULT

SPLITS = ("train", "dev", "test")
FILES = (*(f"{split}.jsonl" for split in SPLITS), "ememory.json")
EMOTIONAL = range(1, len(DEFAULT))

Records = dict[str, list[dict[str, str]]]


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("sample")
    write_sample(directory)
    return directory


@pytest.fixture(scope="module")
def records(output: Path) -> Records:
    return {
        split: [
            json.loads(line)
            for line in (output / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()
        ]
        for split in SPLITS
    }


@pytest.fixture(scope="module")
def memory(output: Path) -> list[list[str]]:
    return json.loads((output / "ememory.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def replies(records: Records) -> list[dict[str, list[str]]]:
    """The jieba tokens of each response, by emotion id and response."""
    texts: list[dict[str, list[str]]] = [{} for _ in DEFAULT]
    for record in (r for split in SPLITS for r in records[split]):
        by_text = texts[DEFAULT.names.index(record["emotion"])]
        if record["response"] not in by_text:
            by_text[record["response"]] = jieba.lcut(record["response"])
    return texts


def test_same_seed_gives_the_same_bytes(output: Path, tmp_path: Path) -> None:
    write_sample(tmp_path / "new" / "folder", seed=0)
    write_sample(tmp_path / "other", seed=1)
    for name in FILES:
        assert (tmp_path / "new" / "folder" / name).read_bytes() == (output / name).read_bytes()
    train = "train.jsonl"
    assert (tmp_path / "other" / train).read_bytes() != (output / train).read_bytes()


def test_files_of_the_user_are_kept(output: Path, tmp_path: Path) -> None:
    write_sample(tmp_path)
    write_sample(tmp_path)  # the same content
    (tmp_path / "dev.jsonl").write_text("mine")
    with pytest.raises(InputError, match=r"dev\.jsonl: expected no file, .*; --overwrite replaces"):
        main(["sample", "--output", str(tmp_path)])
    assert (tmp_path / "dev.jsonl").read_text() == "mine"
    main(["sample", "--output", str(tmp_path), "--overwrite"])
    assert (tmp_path / "dev.jsonl").read_bytes() == (output / "dev.jsonl").read_bytes()


def test_size_and_balance(records: Records) -> None:
    pairs = Counter((r["post"], r["response"]) for split in SPLITS for r in records[split])
    assert len(pairs) >= 4500
    assert max(pairs.values()) == 1
    for split in SPLITS:
        counts = Counter(r["emotion"] for r in records[split])
        assert sorted(counts) == sorted(DEFAULT.names)
        assert max(counts.values()) <= 1.05 * min(counts.values())
        assert {r["post_emotion"] for r in records[split]} <= set(DEFAULT.names)
    assert len(records["train"]) / sum(map(len, records.values())) == pytest.approx(0.9, abs=0.02)


def test_texts_are_short(records: Records) -> None:
    texts = {r[key] for split in SPLITS for r in records[split] for key in ("post", "response")}
    assert max(map(len, texts)) <= 30
    assert min(map(len, texts)) >= 5
    assert not any("{" in text or " " in text for text in texts)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_held_out_posts_have_no_unknown_words(tmp_path: Path, seed: int) -> None:
    write_sample(tmp_path, seed)
    posts = {}
    for split in SPLITS:
        lines = (tmp_path / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()
        posts[split] = [json.loads(line)["post"] for line in lines]
    assert posts["test"][0] == HELD_OUT_POST
    assert not set(posts["train"]) & set(posts["dev"] + posts["test"])
    assert not set(posts["dev"]) & set(posts["test"])
    known = set(jieba.lcut("\n".join(posts["train"])))
    unknown = {w for p in set(posts["dev"] + posts["test"]) for w in jieba.lcut(p)} - known
    assert unknown == set()


def test_emotion_words_are_tokens_of_responses_of_their_emotion(
    memory: list[list[str]], replies: list[dict[str, list[str]]]
) -> None:
    assert memory[0] == []
    words = [word for category in memory for word in category]
    assert len(words) == len(set(words))
    for id_ in EMOTIONAL:
        assert 30 <= len(memory[id_]) <= 80
        tokens = {token for reply in replies[id_].values() for token in reply}
        assert set(memory[id_]) - tokens == set()
        # A word may be part of a token only if the token is an emotion word too: 骂 in 骂人.
        for token in tokens - set(memory[id_]):
            assert not [word for word in memory[id_] if word in token], token
        for text, reply in replies[id_].items():
            rest = "".join(token if token not in memory[id_] else "\n" for token in reply)
            assert not [word for word in memory[id_] if word in rest], text


def test_responses_contain_no_words_of_other_emotions(
    memory: list[list[str]], replies: list[dict[str, list[str]]]
) -> None:
    for id_ in range(len(DEFAULT)):
        foreign = [word for other in EMOTIONAL if other != id_ for word in memory[other]]
        for text in replies[id_]:
            assert not [word for word in foreign if word in text], text
    for id_ in EMOTIONAL:
        own = [any(token in memory[id_] for token in reply) for reply in replies[id_].values()]
        assert sum(own) >= 0.9 * len(own)


def test_vocabulary_size(records: Records) -> None:
    texts = {r[key] for split in SPLITS for r in records[split] for key in ("post", "response")}
    assert len({token for text in texts for token in jieba.lcut(text)}) < 1500
