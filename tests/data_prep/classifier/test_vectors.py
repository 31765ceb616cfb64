"""`classifier vectors`, and a classifier that begins with the vectors."""

import json
import os
import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from data_prep.__main__ import main
from data_prep.classifier import vectors as vectors_module
from data_prep.classifier.vectors import load_vectors
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import read_manifest
from ecm_tf.text.emotion_classifier import EmotionClassifier

HAPPY, SAD = "乐欢欣悦", "悲愁哀伤"
"""Characters with one context each. Only the first of each occurs in labelled sentences."""
CONTEXTS = {HAPPY: "春花晴暖", SAD: "秋雨阴冷"}
SETTINGS = ("--segmenter", "whitespace", "--workers", "1")


def write_lines(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    """Conversations in which the characters of one emotion have the same neighbours."""
    rng = random.Random(0)

    def text(characters: str) -> str:
        # The number, in which every digit counts as 0, makes the texts differ.
        number = str(rng.randrange(1000, 9999))
        return " ".join([*rng.sample(CONTEXTS[characters], 3), rng.choice(characters), number])

    pairs = [
        {"post": text(characters), "response": text(characters)}
        for characters in rng.choices([HAPPY, SAD], k=600)
    ]
    return write_lines(
        tmp_path_factory.mktemp("corpus") / "pairs.jsonl", list(map(json.dumps, pairs))
    )


@pytest.fixture(scope="module")
def vectors(corpus) -> Path:
    output = corpus.parent / "vectors"
    main(["classifier", "vectors", "--corpus", str(corpus), "--output", str(output), *SETTINGS])
    return output


def similarity(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def test_words_in_the_same_contexts_have_similar_vectors(vectors):
    made = load_vectors(vectors)
    counts = read_manifest(vectors, "vectors")["counts"]
    assert [len(words) for words in made.vocabularies] == [
        counts[name] for name in ("characters", "bigrams", "words")
    ]
    for words, matrix in zip(made.vocabularies, made.embeddings, strict=True):
        assert matrix.shape == (len(words), 64)
        assert np.isfinite(matrix).all()
    vector = dict(zip(made.vocabularies[0], made.embeddings[0], strict=True))
    assert set(HAPPY + SAD) < set(vector)
    for word in HAPPY[1:]:
        assert similarity(vector[word], vector["乐"]) > similarity(vector[word], vector["悲"])


def test_a_classifier_knows_words_that_its_sentences_lack(vectors, tmp_path):
    rows = ["text,emotion"]
    for number in range(120):
        noise = "山水天地"[number % 4]
        rows += [f"{noise} 乐 {number % 7},happy", f"{noise} 悲 {number % 7},sad"]
    sentences = write_lines(tmp_path / "sentences.csv", rows)
    command = ["classifier", "train", "--sentences", str(sentences), "--vectors", str(vectors)]
    command += ["--epochs", "6", "--batch_size", "16", "--learning_rate", "0.01", *SETTINGS]
    main([*command, "--output", str(tmp_path / "classifier")])
    classifier = EmotionClassifier(tmp_path / "classifier")
    names = [emotion.name for emotion in classifier.emotions]
    texts = [f"山 {word} 3" for word in HAPPY[1:] + SAD[1:]]
    probabilities = classifier.probabilities(texts)
    happy = probabilities[:, names.index("happy")] > probabilities[:, names.index("sad")]
    assert happy.tolist() == [True] * 3 + [False] * 3
    sources = read_manifest(tmp_path / "classifier", "classifier")["sources"]
    assert {Path(name).name for name in sources} == {"sentences.csv", "vectors.npz"}


def test_other_networks_refuse_vectors(vectors, tmp_path):
    command = ["classifier", "train", "--sentences", "nothing", "--vectors", str(vectors)]
    with pytest.raises(InputError, match="--vectors: expected --network convolution, got bilstm"):
        main([*command, "--network", "bilstm", "--output", str(tmp_path / "classifier")])
    assert list(tmp_path.iterdir()) == []


def test_damaged_vectors_are_refused(vectors, tmp_path):
    damaged = shutil.copytree(vectors, tmp_path / "vectors")
    os.truncate(damaged / vectors_module.VECTORS, 100)
    with pytest.raises(InputError, match=vectors_module.VECTORS):
        load_vectors(damaged)


def test_a_corpus_that_repeats_nothing_is_refused(tmp_path):
    pair = json.dumps({"post": "一", "response": "二"})
    corpus = write_lines(tmp_path / "pairs.jsonl", [pair])
    command = ["classifier", "vectors", "--corpus", str(corpus), *SETTINGS]
    with pytest.raises(InputError, match="expected conversations in which some characters occur"):
        main([*command, "--output", str(tmp_path / "vectors")])
    assert list(tmp_path.iterdir()) == [corpus]


def test_a_corpus_may_be_a_directory_or_a_pattern(corpus, vectors, tmp_path):
    expected = read_manifest(vectors, "vectors")["counts"]
    lines = corpus.read_text(encoding="utf-8").splitlines()
    shards = tmp_path / "shards"
    shards.mkdir()
    write_lines(shards / "a.jsonl", lines[:300])
    write_lines(shards / "b.jsonl", lines[300:])
    for number, path in enumerate((shards, shards / "*.jsonl")):
        output = tmp_path / f"vectors-{number}"
        options = ("--output", str(output), "--epochs", "1", *SETTINGS)
        main(["classifier", "vectors", "--corpus", str(path), *options])
        manifest = read_manifest(output, "vectors")
        assert manifest["counts"] == expected
        assert list(manifest["sources"]) == ["a.jsonl", "b.jsonl"]


def test_english_vectors_are_of_suffixes(tmp_path, capsys):
    pairs = [{"post": f"waiting {n}", "response": f"waiting longer {n} x"} for n in range(100)]
    corpus = write_lines(tmp_path / "pairs.jsonl", [json.dumps(pair) for pair in pairs])
    command = ["classifier", "vectors", "--corpus", str(corpus), "--segmenter", "english"]
    main([*command, "--output", str(tmp_path / "vectors"), "--epochs", "1", "--workers", "1"])
    assert "200 texts, 5 suffixes, " in capsys.readouterr().out
    assert list(read_manifest(tmp_path / "vectors", "vectors")["counts"])[1] == "suffixes"
    assert "ing" in load_vectors(tmp_path / "vectors").vocabularies[0]
    rare = write_lines(tmp_path / "rare.jsonl", [json.dumps(pairs[0])])
    command[3] = str(rare)
    with pytest.raises(InputError, match="expected conversations in which some suffixes occur"):
        main([*command, "--output", str(tmp_path / "none")])


def test_bad_records_are_named_or_skipped(corpus, tmp_path):
    lines = corpus.read_text(encoding="utf-8").splitlines()
    bad = write_lines(tmp_path / "bad.jsonl", [*lines, "{"])
    command = ["classifier", "vectors", "--corpus", str(bad), *SETTINGS, "--epochs", "1"]
    with pytest.raises(InputError, match=f"bad.jsonl: line {len(lines) + 1}: "):
        main([*command, "--output", str(tmp_path / "vectors")])
    main([*command, "--skip_bad_records", "--output", str(tmp_path / "vectors")])
    assert len(load_vectors(tmp_path / "vectors").vocabularies) == len(vectors_module.CHANNELS)
