"""Word counts and coverage of a dataset with unknown words, compared with brute force."""

import json
from collections import Counter

import numpy as np
import pytest

from data_prep.__main__ import main as data_prep
from data_prep.lexicon.usage import count_words, coverage
from data_prep.report.statistics import read_split
from ecm_tf.data.directory import DatasetDirectory
from ecm_tf.text.vocabulary import SPECIALS

MEMORY = [[], ["b"], ["a", "b"], [], [], []]
RESPONSES = [("a a b", 0), ("a rare", 1), ("unknown words only", 1), ("b", 2), ("a b c", 2)]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> DatasetDirectory:
    """A dataset whose response vocabulary has the words a and b only."""
    directory = tmp_path_factory.mktemp("usage")
    lines = [
        json.dumps({"post": f"p{i}", "response": text, "emotion": emotion})
        for i, (text, emotion) in enumerate(RESPONSES)
    ]
    (directory / "pairs.jsonl").write_text("\n".join(lines))
    (directory / "ememory.json").write_text(json.dumps(MEMORY))
    data_prep(
        [
            *("build", "--segmenter", "whitespace", "--dev_fraction", "0", "--test_fraction", "0"),
            *("--response_vocabulary_size", str(len(SPECIALS) + 2)),
            *("--train", str(directory / "pairs.jsonl")),
            *("--ememory", str(directory / "ememory.json"), "--output", str(directory / "made")),
        ]
    )
    return DatasetDirectory(directory / "made")


def test_special_tokens_are_not_counted(dataset):
    words = dataset.assets.response_words
    counts = count_words(dataset)
    found = {(e, words[id_]): counts[e, id_] for e, id_ in np.argwhere(counts)}
    uses = Counter((e, word) for text, e in RESPONSES for word in text.split())
    assert found == {key: count for key, count in uses.items() if key[1] in ("a", "b")}


def test_coverage_counts_responses_by_memory_and_emotion(dataset):
    responses, reached = coverage(dataset, MEMORY)
    assert responses.tolist() == [1, 2, 2, 0, 0, 0]
    for category, memory in enumerate(MEMORY):
        hits = Counter(e for text, e in RESPONSES if {*memory} & {*text.split()})
        assert reached[category].tolist() == [hits[e] for e in range(len(MEMORY))]


def test_lexicon_and_report_count_alike(dataset):
    train = read_split(dataset, "train")
    assert (train.words == count_words(dataset)).all()
    assert (train.memory_hits == coverage(dataset, dataset.assets.external_memory)[1]).all()
