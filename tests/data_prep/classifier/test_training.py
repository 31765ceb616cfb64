"""Training of the networks on a toy task."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.naive_bayes import MultinomialNB

from data_prep.classifier import features as features_module
from data_prep.classifier.features import BIGRAMS
from data_prep.classifier.settings import ClassifierSettings
from data_prep.classifier.training import Examples, feature_ids, make_examples, train_network

SETTINGS = ClassifierSettings(epochs=8, batch_size=16, learning_rate=0.01)


def predict(model: keras.Model, ids: tf.RaggedTensor) -> np.ndarray:
    """Returns the probabilities of a network, `(texts, categories)`."""
    return tf.nn.softmax(model(ids.to_tensor(), training=False)).numpy()


def trained(network: str, toy_examples) -> np.ndarray:
    """Trains a network and returns its probabilities for the held-out texts."""
    features, train, rest, _ = toy_examples
    keras.utils.set_random_seed(SETTINGS.seed)
    return predict(
        train_network(features.sizes, train, rest, replace(SETTINGS, network=network)), rest.ids
    )


@pytest.fixture(scope="module", params=["convolution", "naive_bayes", "bilstm"])
def network(request, small_networks, toy_examples) -> tuple[str, np.ndarray]:
    """The name of a network, and the probabilities of the trained network."""
    return request.param, trained(request.param, toy_examples)


def test_network_learns(network, toy_examples):
    _, probabilities = network
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert (probabilities.argmax(axis=1) == toy_examples[-1]).mean() > 0.9


@pytest.mark.parametrize("network", ["bilstm"], indirect=True)
def test_training_is_reproducible(network, toy_examples):
    """The convolution is tested in `test_command.py`."""
    name, probabilities = network
    np.testing.assert_allclose(trained(name, toy_examples), probabilities, atol=1e-6)


@pytest.fixture(scope="module")
def random_bags() -> tuple[tuple[int, int, int], Examples, Examples]:
    """Texts with random ids and categories; the last category has no texts."""
    rng = np.random.default_rng(5)
    sizes = (8, 11, 6)
    examples = []
    for number in (80, 30):
        lengths = rng.integers(0, 12, number)
        columns = [rng.integers(1, size, lengths.sum()) for size in sizes]
        flat = np.stack([*columns, np.ones(lengths.sum(), int)], axis=1).astype(np.int32)
        ids = tf.RaggedTensor.from_row_lengths(flat, lengths)
        examples.append(make_examples(ids, rng.integers(0, 3, number), 4))
    return sizes, *examples


def counted(ids: tf.RaggedTensor, channel: int, size: int) -> np.ndarray:
    """Returns the number of occurrences of each id in each text."""
    table = np.zeros([ids.nrows(), size])
    for row, text in zip(table, ids.to_list(), strict=True):
        for position in text:
            row[position[channel]] += 1
    return table


def test_naive_bayes_matches_scikit_learn(random_bags):
    sizes, train, rest = random_bags
    model = MultinomialNB().fit(
        counted(train.ids, BIGRAMS, sizes[BIGRAMS]), train.targets.argmax(1)
    )
    expected = model.predict_proba(counted(rest.ids, BIGRAMS, sizes[BIGRAMS]))
    found = predict(
        train_network(sizes, train, rest, replace(SETTINGS, network="naive_bayes")), rest.ids
    )
    np.testing.assert_allclose(found[:, :3], expected, atol=1e-5)
    np.testing.assert_array_equal(found[:, 3], 0)


def test_labels_are_smoothed():
    ids = tf.RaggedTensor.from_row_lengths(np.zeros([2, 4], np.int32), [1, 1])
    examples = make_examples(ids, np.array([2, 0]), 4)
    assert examples.targets.dtype == np.float32
    np.testing.assert_allclose(
        examples.targets, [[0.025, 0.025, 0.925, 0.025], [0.925, 0.025, 0.025, 0.025]]
    )


def test_batches_keep_the_order_of_texts(toy_examples, monkeypatch):
    monkeypatch.setattr(features_module, "TEXTS_PER_BATCH", 3)
    texts = ["喜 山", "", "雨", "悲 水 水", "无", "山 山 山 山", "花"]
    features = toy_examples[0]
    assert feature_ids(features, texts).to_list() == features(tf.constant(texts)).to_list()
