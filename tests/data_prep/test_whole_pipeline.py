"""The pipeline of docs/data.md, from labelled sentences and an unlabelled corpus to a dataset."""

import json
import random

import pytest

from data_prep.__main__ import main
from ecm_tf.data.directory import DatasetDirectory

MARKS = {
    "other": ["table", "window"],
    "like": ["love", "adore"],
    "sad": ["cry", "sigh"],
    "disgust": ["yuck", "gross"],
    "angry": ["damn", "grr"],
    "happy": ["haha", "yay"],
}
FILLERS = ["the", "a", "it", "we", "they", "you", "go", "see", "today", "now", "very", "what"]


def text(emotion, draw):
    words = [draw.choice(FILLERS) for _ in range(5)] + [draw.choice(MARKS[emotion])] * 2
    draw.shuffle(words)
    return " ".join(words)


@pytest.fixture
def files(tmp_path):
    draw = random.Random(0)
    emotions = [draw.choice(list(MARKS)) for _ in range(1500)]
    rows = [{"text": text(e, draw), "emotion": e} for e in emotions]
    pairs = [
        {"post": text("other", draw) + str(i), "response": text(e, draw)}
        for i, e in enumerate(emotions)
    ]
    for name, content in (("sentences", rows), ("corpus", pairs)):
        lines = "".join(json.dumps(row) + "\n" for row in content)
        (tmp_path / f"{name}.jsonl").write_text(lines)
    return tmp_path


@pytest.mark.slow
def test_emotion_words_are_learned_from_labelled_sentences(files):
    def run(*arguments):
        main([str(argument) for argument in arguments])

    spaces = ("--segmenter", "whitespace")
    run("classifier", "train", *spaces, "--sentences", files / "sentences.jsonl",
        "--network", "naive_bayes", "--output", files / "classifier")  # fmt: skip
    labelled = files / "labelled.jsonl"
    run("label", "--classifier", files / "classifier", "--input", files / "corpus.jsonl",
        "--output", labelled)  # fmt: skip
    run("build", *spaces, "--train", labelled, "--output", files / "plain")
    run("lexicon", "--dataset", files / "plain", "--learn", 10, "--output", files / "ememory.json")
    run("build", *spaces, "--train", labelled, "--ememory", files / "ememory.json",
        "--output", files / "dataset")  # fmt: skip
    run("report", files / "dataset")

    memory = DatasetDirectory(files / "dataset").assets.external_memory
    assert [set(words) for words in memory] == [set(), *(set(MARKS[e]) for e in list(MARKS)[1:])]
    assert (files / "dataset-report" / "index.html").is_file()
