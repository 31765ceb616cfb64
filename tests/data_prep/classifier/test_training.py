"""Networks learn the toy task."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.naive_bayes import MultinomialNB

from data_prep.classifier import training
from data_prep.classifier.features import BIGRAMS
from data_prep.classifier.settings import ClassifierSettings
from data_prep.classifier.training import Examples, channel_counts, fit, ids_of, labelled, predict

SETTINGS = ClassifierSettings(epochs=8, batch_size=16, learning_rate=0.01)


def trained(network: str, toy_examples) -> np.ndarray:
    """The probabilities of the texts that it did not learn from."""
    features, train, rest, _ = toy_examples
    keras.utils.set_random_seed(SETTINGS.seed)
    return predict(fit(network, features.sizes, train, rest, SETTINGS), rest.ids)


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


def test_channel_counts(random_bags):
    sizes, train, _ = random_bags
    for channel, size in enumerate(sizes):
        counts = channel_counts(train.ids, channel, size).toarray()
        np.testing.assert_array_equal(counts, counted(train.ids, channel, size))


def test_naive_bayes_is_scikit_learns(random_bags):
    sizes, train, rest = random_bags
    model = MultinomialNB().fit(
        counted(train.ids, BIGRAMS, sizes[BIGRAMS]), train.targets.argmax(1)
    )
    expected = model.predict_proba(counted(rest.ids, BIGRAMS, sizes[BIGRAMS]))
    found = predict(fit("naive_bayes", sizes, train, rest, SETTINGS), rest.ids)
    np.testing.assert_allclose(found[:, :3], expected, atol=1e-5)
    np.testing.assert_array_equal(found[:, 3], 0)


def test_labels_are_smoothed():
    ids = tf.RaggedTensor.from_row_lengths(np.zeros([2, 4], np.int32), [1, 1])
    examples = labelled(ids, np.array([2, 0]), 4)
    assert examples.targets.dtype == np.float32
    np.testing.assert_allclose(
        examples.targets, [[0.025, 0.025, 0.925, 0.025], [0.925, 0.025, 0.025, 0.025]]
    )


def test_examples_are_joined_in_order(random_bags):
    _, train, rest = random_bags
    both = train + rest
    assert both.ids.to_list() == train.ids.to_list() + rest.ids.to_list()
    np.testing.assert_array_equal(both.targets, np.concatenate([train.targets, rest.targets]))


def test_many_texts_keep_their_order(toy_examples, monkeypatch):
    monkeypatch.setattr(training, "BATCH", 3)
    texts = ["喜 山", "", "雨", "悲 水 水", "无", "山 山 山 山", "花"]
    features = toy_examples[0]
    assert ids_of(features, texts).to_list() == features(tf.constant(texts)).to_list()


class Lengths(keras.Model):
    """The logit of its first category is how many characters a text has; counts its traces."""

    traces = 0

    def call(self, features: tf.Tensor, training: bool = False) -> tf.Tensor:
        assert not training
        self.traces += 1
        length = tf.reduce_sum(tf.cast(features[..., 0] != 0, tf.float32), 1)
        return tf.stack([length, tf.zeros_like(length)], axis=1)


@pytest.fixture(scope="module")
def long_and_short() -> tuple[np.ndarray, tf.RaggedTensor]:
    """Lengths of 2000 texts from 0 to 14, in random order, and their ids."""
    lengths = np.random.default_rng(0).integers(0, 15, 2000)
    ids = tf.RaggedTensor.from_row_lengths(np.ones([lengths.sum(), 4], np.int32), lengths)
    return lengths, ids


def test_predictions_come_in_the_order_of_the_texts(long_and_short):
    lengths, ids = long_and_short
    expected = 1 / (1 + np.exp(-lengths.astype(float)))
    np.testing.assert_allclose(predict(Lengths(), ids)[:, 0], expected, rtol=1e-5)


def test_a_network_is_traced_once_for_texts_of_all_lengths(long_and_short):
    """Keras itself runs it once more, to build it."""
    model = Lengths()
    predict(model, long_and_short[1])
    assert model.traces <= 2
