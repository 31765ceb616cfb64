"""Unlabelled texts, and what teachers make of them."""

from itertools import pairwise

import keras
import numpy as np
import pytest

from data_prep.classifier import teaching
from data_prep.classifier.settings import ClassifierSettings
from data_prep.classifier.teaching import taught, unlabelled_texts
from data_prep.classifier.training import ids_of
from ecm_tf.errors import InputError


def pairs(texts) -> list[dict]:
    """A dialogue: every text but the first and the last stands in two pairs."""
    return [{"post": post, "response": response} for post, response in pairwise(texts)]


@pytest.fixture
def corpora(write_jsonl):
    dialogues = [[f"第 {i} 句" for i in range(start, start + 60)] for start in (0, 40)]
    return [write_jsonl(pairs(texts), f"{number}.jsonl") for number, texts in enumerate(dialogues)]


def test_each_text_comes_once(corpora):
    texts = unlabelled_texts(corpora, 1000)
    assert len(texts) == 100
    assert set(texts) == {f"第 {i} 句" for i in range(100)}


def test_no_more_than_asked_for_and_the_same_in_any_order(corpora, write_jsonl):
    texts = unlabelled_texts(corpora, 30)
    assert len(texts) == len(set(texts)) <= 30
    assert unlabelled_texts(corpora[::-1], 30) == texts
    everything = sorted(unlabelled_texts(corpora, 1000))
    again = unlabelled_texts([write_jsonl(pairs(everything), "sorted")], 30)
    assert again[: len(texts)] == texts
    assert set(unlabelled_texts(corpora, 10)) < set(texts)
    # Which ones has nothing to do with where they stand.
    assert {int(text.split()[1]) // 20 for text in texts} == set(range(5))


def test_texts_that_stand_often_take_no_place_of_others(write_jsonl):
    """As a post with many responses does."""
    path = write_jsonl([{"post": f"问{i}", "response": f"答{i}"} for i in range(20)] * 9)
    assert [len(unlabelled_texts([path], limit)) for limit in (1, 30, 99)] == [1, 30, 40]


def test_no_corpora_no_texts():
    assert unlabelled_texts([], 5) == []


def test_labels_are_not_looked_at(write_jsonl):
    path = write_jsonl([{"post": "问", "response": "答", "emotion": "no category"}])
    assert sorted(unlabelled_texts([path], 5)) == sorted(["问", "答"])


def test_bad_records_stop(write_jsonl):
    path = write_jsonl([*pairs(["甲", "乙"]), {"post": "丙", "response": " "}])
    with pytest.raises(InputError) as error:
        unlabelled_texts([path], 5)
    assert str(error.value).startswith(f"{path}: line 2: ")


@pytest.mark.usefixtures("short_memory")
def test_teachers_are_right_on_toy_texts(toy, toy_examples, monkeypatch):
    monkeypatch.setattr(teaching, "TEACHERS", ("naive_bayes", "convolution"))
    features, train, rest, _ = toy_examples
    texts, labels = toy(90, 3, seed=1)
    keras.utils.set_random_seed(0)
    settings = ClassifierSettings(epochs=8, batch_size=16, learning_rate=0.01)
    ids = ids_of(features, [*texts, ""])
    examples = taught(features.sizes, train, rest, ids, settings)
    assert examples.ids.to_list() == ids.to_list()
    assert examples.targets.shape == (91, 3)
    assert examples.targets.dtype == np.float32
    np.testing.assert_allclose(examples.targets.sum(axis=1), 1, atol=1e-5)
    assert (examples.targets[:-1].argmax(axis=1) == labels).mean() > 0.9
    assert examples.targets[:-1].max(axis=1).mean() > 0.6, "they agree"
