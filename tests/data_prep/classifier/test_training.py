"""Networks learn the toy task."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.naive_bayes import MultinomialNB

from data_prep.classifier import features as features_module
from data_prep.classifier.features import BIGRAMS
from data_prep.classifier.settings import ClassifierSettings
from data_prep.classifier.training import Examples, fit, ids_of, labelled

SETTINGS = ClassifierSettings(epochs=8, batch_size=16, learning_rate=0.01)


def predict(model: keras.Model, ids: tf.RaggedTensor) -> np.ndarray:
    """A network's probabilities, `(texts, categories)`."""
    return tf.nn.softmax(model(ids.to_tensor(), training=False)).numpy()


def trained(network: str, toy_examples) -> np.ndarray:
    """The probabilities of the texts that it did not learn from."""
    features, train, rest, _ = toy_examples
    keras.utils.set_random_seed(SETTINGS.seed)
    return predict(fit(features.sizes, train, rest, replace(SETTINGS, network=network)), rest.ids)


@pytest.fixture(scope="module", params=["convolution", "naive_bayes", "bilstm"])
def network(request, short_memory, toy_examples) -> tuple[str, np.ndarray]:
    """A network's name and the probabilities that it came to."""
    return request.param, trained(request.param, toy_examples)


def test_a_network_learns(network, toy_examples):
    _, probabilities = network
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert (probabilities.argmax(axis=1) == toy_examples[-1]).mean() > 0.9


@pytest.mark.parametrize("network", ["bilstm"], indirect=True)
def test_the_same_seed_gives_the_same(network, toy_examples):
    """Of a convolution, the test of the command tells it."""
    name, probabilities = network
    np.testing.assert_allclose(trained(name, toy_examples), probabilities, atol=1e-6)


@pytest.fixture(scope="module")
def random_bags() -> tuple[tuple[int, int, int], Examples, Examples]:
    """Texts of random ids in random categories, the last of which has none."""
    rng = np.random.default_rng(5)
    sizes = (8, 11, 6)
    examples = []
    for number in (80, 30):
        lengths = rng.integers(0, 12, number)
        columns = [rng.integers(1, size, lengths.sum()) for size in sizes]
        flat = np.stack([*columns, np.ones(lengths.sum(), int)], axis=1).astype(np.int32)
        ids = tf.RaggedTensor.from_row_lengths(flat, lengths)
        examples.append(labelled(ids, rng.integers(0, 3, number), 4))
    return sizes, *examples


def counted(ids: tf.RaggedTensor, channel: int, size: int) -> np.ndarray:
    """How often a text has an id, counted one by one."""
    table = np.zeros([ids.nrows(), size])
    for row, text in zip(table, ids.to_list(), strict=True):
        for position in text:
            row[position[channel]] += 1
    return table


def test_naive_bayes_is_scikit_learns(random_bags):
    sizes, train, rest = random_bags
    model = MultinomialNB().fit(
        counted(train.ids, BIGRAMS, sizes[BIGRAMS]), train.targets.argmax(1)
    )
    expected = model.predict_proba(counted(rest.ids, BIGRAMS, sizes[BIGRAMS]))
    found = predict(fit(sizes, train, rest, replace(SETTINGS, network="naive_bayes")), rest.ids)
    np.testing.assert_allclose(found[:, :3], expected, atol=1e-5)
    np.testing.assert_array_equal(found[:, 3], 0)


def test_labels_are_smoothed():
    ids = tf.RaggedTensor.from_row_lengths(np.zeros([2, 4], np.int32), [1, 1])
    examples = labelled(ids, np.array([2, 0]), 4)
    assert examples.targets.dtype == np.float32
    np.testing.assert_allclose(
        examples.targets, [[0.025, 0.025, 0.925, 0.025], [0.925, 0.025, 0.025, 0.025]]
    )


def test_many_texts_keep_their_order(toy_examples, monkeypatch):
    monkeypatch.setattr(features_module, "TEXTS_PER_BATCH", 3)
    texts = ["喜 山", "", "雨", "悲 水 水", "无", "山 山 山 山", "花"]
    features = toy_examples[0]
    assert ids_of(features, texts).to_list() == features(tf.constant(texts)).to_list()
