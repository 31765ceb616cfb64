"""Statistics of a report, compared with brute force."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from data_prep.__main__ import main as data_prep
from data_prep.report import sections
from data_prep.report.page import sample_examples
from data_prep.report.repetition import repetition, shared_posts
from data_prep.report.statistics import length_mean, length_quantile, read_split, texts_at
from ecm_tf.data.directory import DatasetDirectory

EMOTIONS = 6
MEMORY = [[], ["w1", "w2"], ["w3"], [], ["w1"], ["w9"]]


def random_rows(seed: int, count: int) -> list[dict]:
    """Returns pairs of few words, so that texts repeat; half of the posts have an emotion."""
    random = np.random.default_rng(seed)

    def text() -> str:
        return " ".join(f"w{word}" for word in random.integers(0, 9, random.integers(1, 4)))

    return [
        {"post": text(), "response": text(), "emotion": int(random.integers(EMOTIONS))}
        | ({"post_emotion": int(random.integers(EMOTIONS))} if random.random() < 0.5 else {})
        for _ in range(count)
    ]


@pytest.fixture(scope="module")
def rows() -> dict[str, list[dict]]:
    """Pairs for more than one batch; dev and train have posts in common."""
    return {"train": random_rows(1, 5000), "dev": random_rows(2, 40)}


@pytest.fixture(scope="module")
def dataset(rows, tmp_path_factory) -> DatasetDirectory:
    directory = tmp_path_factory.mktemp("random")
    for split, pairs in rows.items():
        text = "".join(json.dumps(pair) + "\n" for pair in pairs)
        (directory / f"{split}.jsonl").write_text(text)
    (directory / "ememory.json").write_text(json.dumps(MEMORY))
    data_prep(
        [
            *("build", "--segmenter", "whitespace", "--no-normalize_digits"),
            *("--train", str(directory / "train.jsonl"), "--dev", str(directory / "dev.jsonl")),
            *("--test_fraction", "0", "--pairs_per_shard", "2000"),
            *("--ememory", str(directory / "ememory.json"), "--output", str(directory / "made")),
        ]
    )
    return DatasetDirectory(directory / "made")


def test_split_statistics_match_brute_force(dataset, rows):
    for split, pairs in rows.items():
        counted = read_split(dataset, split)
        assert counted.pairs == len(pairs)
        assert counted.emotions.tolist() == [pair["emotion"] for pair in pairs]
        for side in ("post", "response"):
            by_length = Counter(len(pair[side].split()) for pair in pairs)
            lengths = {length: n for length, n in enumerate(counted.lengths[side].tolist()) if n}
            assert lengths == by_length
        cells = Counter((p["post_emotion"], p["emotion"]) for p in pairs if "post_emotion" in p)
        assert {
            tuple(c): counted.interaction[*c] for c in np.argwhere(counted.interaction)
        } == cells
        uses = Counter((p["emotion"], word) for p in pairs for word in p["response"].split())
        words = dataset.assets.response_words
        assert {
            (emotion, words[id_]): counted.words[emotion, id_]
            for emotion, id_ in np.argwhere(counted.words)
        } == uses
        for category, memory in enumerate(dataset.assets.external_memory):
            hits = Counter(p["emotion"] for p in pairs if {*memory} & {*p["response"].split()})
            assert counted.memory_hits[category].tolist() == [hits[e] for e in range(EMOTIONS)]


def test_empty_split(dataset):
    counted = read_split(dataset, "test")
    assert counted.pairs == 0
    assert not counted.words.any() and not counted.interaction.any()


def test_repetition_matches_brute_force(dataset, rows):
    train, dev = read_split(dataset, "train"), read_split(dataset, "dev")
    pairs = rows["train"]
    repeated = repetition(train, 10)
    assert repeated.repeated_pairs == len(pairs) - len({(p["post"], p["response"]) for p in pairs})
    assert Counter(repeated.pairs_per_post.tolist()) == Counter(
        Counter(p["post"] for p in pairs).values()
    )
    by_response = Counter(p["response"] for p in pairs)
    assert repeated.responses == len(by_response)
    texts = texts_at(dataset, "train", repeated.frequent)
    # `Counter` and `repetition` order equal counts by first occurrence.
    assert [(texts[position].response, n) for position, n in repeated.frequent.items()] == (
        by_response.most_common(10)
    )
    dev_posts = {p["post"] for p in rows["dev"]}
    both = dev_posts & {p["post"] for p in pairs}
    assert shared_posts(train, dev) == len(both) > 0
    assert sections.shared({"train": train, "dev": dev}) == {
        "dev": {"posts": len(dev_posts), "shared": len(both)}
    }


def test_texts_at_positions(dataset, rows):
    positions = [0, 1999, 4095, 4096, 4999]
    texts = texts_at(dataset, "train", positions)
    assert sorted(texts) == positions
    for position, pair in texts.items():
        row = rows["train"][position]
        assert (pair.post, pair.response) == (row["post"], row["response"])
        assert (pair.emotion, pair.post_emotion) == (row["emotion"], row.get("post_emotion"))


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95, 1])
def test_length_quantiles_and_mean_match_numpy(share):
    lengths = np.random.default_rng(3).poisson(7, 501)
    counts = np.bincount(lengths)
    assert length_quantile(counts, share) == np.quantile(lengths, share, method="inverted_cdf")
    assert length_mean(counts) == pytest.approx(lengths.mean())


def test_examples_have_their_category_and_are_reproducible():
    emotions = np.array([0, 2, 0, 0, 2, 0, 0])
    examples = sample_examples(emotions, 3, 3)
    assert examples == sample_examples(emotions, 3, 3)
    assert [len(positions) for positions in examples] == [3, 0, 2]
    assert all(emotions[p] == id_ for id_, positions in enumerate(examples) for p in positions)


def test_memory_section_matches_brute_force(dataset, rows):
    figures = sections.memory(read_split(dataset, "train"), dataset.assets)
    sad = [p["response"].split() for p in rows["train"] if p["emotion"] == 2]
    others = [p["response"].split() for p in rows["train"] if p["emotion"] != 2]
    assert figures[2]["known"] == 1
    assert figures[2]["own"] == pytest.approx(np.mean(["w3" in words for words in sad]))
    assert figures[2]["others"] == pytest.approx(np.mean(["w3" in words for words in others]))
    assert figures[2]["sample"] == [("w3", sum(words.count("w3") for words in sad))]
    # w9 is in no response and therefore not in the vocabulary.
    assert figures[5]["known"] == 0


def test_characteristic_words_come_first(tmp_path: Path):
    rows = [
        {"post": "p", "response": f"{'sob' if e == 2 else 'so'} well", "emotion": e}
        for e in (0, 1, 2) * 40
    ]
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    data_prep(
        [
            *("build", "--segmenter", "whitespace", "--dev_fraction", "0", "--test_fraction", "0"),
            *("--train", str(tmp_path / "pairs.jsonl"), "--output", str(tmp_path / "made")),
        ]
    )
    dataset = DatasetDirectory(tmp_path / "made")
    figures = sections.words(read_split(dataset, "train"), dataset.assets.response_words)
    assert [(chip["word"], chip["uses"]) for chip in figures["frequent"]] == [
        ("well", 120),
        ("so", 80),
        ("sob", 40),
    ]
    (sob,) = figures["characteristic"][2]
    assert (sob["word"], sob["uses"], sob["strength"]) == ("sob", 40, 1)
    assert sob["score"] > 2
    assert [chip["word"] for chip in figures["characteristic"][0]] == ["so"]
    assert figures["characteristic"][5] == []
