"""Training of the networks on a toy task."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.naive_bayes import MultinomialNB

from data_prep.classifier import features as features_module
from data_prep.classifier.features import BIGRAMS, learn_features
from data_prep.classifier.settings import ClassifierSettings
from data_prep.classifier.splits import Target, category_targets
from data_prep.classifier.training import (
    POSSIBLE,
    Examples,
    feature_ids,
    make_examples,
    partial_accuracy,
    partial_cross_entropy,
    train_network,
)

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
        labels = rng.integers(0, 3, number)
        examples.append(make_examples(ids, labels, category_targets(4), 4, [1.0] * number))
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
        counted(train.ids, BIGRAMS, sizes[BIGRAMS]), train.targets[:, POSSIBLE].argmax(1)
    )
    expected = model.predict_proba(counted(rest.ids, BIGRAMS, sizes[BIGRAMS]))
    found = predict(
        train_network(sizes, train, rest, replace(SETTINGS, network="naive_bayes")), rest.ids
    )
    np.testing.assert_allclose(found[:, :3], expected, atol=1e-5)
    np.testing.assert_array_equal(found[:, 3], 0)


@pytest.mark.parametrize(
    ("balance", "expected"), [(0, [1, 1, 1]), (0.5, [1, 2, 4]), (1, [1, 4, 16])]
)
def test_balance_divides_by_the_frequency(balance, expected):
    """Category 0 has 16 sentences, 1 has 4, 2 has 1."""
    labels = np.repeat([0, 1, 2], [16, 4, 1])
    ids = tf.RaggedTensor.from_row_lengths(np.zeros([21, 4], np.int32), [1] * 21)
    weights = make_examples(ids, labels, category_targets(4), 4, [1.0] * 21, balance).weights
    assert weights.dtype == np.float32
    assert weights.sum() == pytest.approx(21)
    np.testing.assert_allclose(weights[[0, 16, 20]] / weights[0], expected, rtol=1e-5)


def test_balance_keeps_the_weights_of_sources():
    targets = [*category_targets(2), Target((0, 1), (0, 1))]
    ids = tf.RaggedTensor.from_row_lengths(np.zeros([4, 4], np.int32), [1] * 4)
    given = [1, 1, 0.25, 0.25]
    weights = make_examples(ids, np.array([0, 1, 2, 2]), targets, 2, given, 1.0).weights
    np.testing.assert_allclose(weights, given, rtol=1e-6)


LOGITS = np.array([[1.0, -2.0, 0.5, 3.0], [0.0, 1e4, -1e4, 2.0]], np.float32)


def examples_of(labels, targets) -> Examples:
    ids = tf.RaggedTensor.from_row_lengths(np.zeros([len(labels), 4], np.int32), [1] * len(labels))
    return make_examples(ids, np.array(labels), targets, 4, [1.0] * len(labels))


def test_a_single_category_has_the_smoothed_cross_entropy():
    examples = examples_of([2, 0], category_targets(4))
    assert examples.targets.dtype == examples.weights.dtype == np.float32
    smoothed = np.array([[0.025, 0.025, 0.925, 0.025], [0.925, 0.025, 0.025, 0.025]], np.float32)
    expected = keras.losses.categorical_crossentropy(smoothed, LOGITS, from_logits=True)
    np.testing.assert_allclose(partial_cross_entropy(examples.targets, LOGITS), expected, rtol=1e-6)


def test_a_partial_label_has_the_probability_of_its_categories_among_the_known_ones():
    """The source knows 0, 1 and 3; its label stands for 1 or 3."""
    examples = examples_of([0], [Target((1, 3), (0, 1, 3))])
    known = np.exp([1.0, -2.0, 3.0])
    known /= known.sum()
    expected = -0.9 * np.log(known[1] + known[2]) - 0.1 * np.log(known).mean()
    loss = partial_cross_entropy(examples.targets, LOGITS[:1])
    np.testing.assert_allclose(loss, [expected], rtol=1e-6)


def test_an_unknown_category_gets_no_gradient_from_partial_labels():
    examples = examples_of([0, 0], [Target((1, 3), (0, 1, 3))])
    logits = tf.constant(LOGITS)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = partial_cross_entropy(examples.targets, logits)
    gradient = tape.gradient(loss, logits).numpy()
    assert np.isfinite(loss).all() and np.isfinite(gradient).all()
    np.testing.assert_array_equal(gradient[:, 2], 0)
    assert (gradient[0, [0, 1, 3]] != 0).all()


def test_accuracy_of_partial_labels():
    targets = [Target((1, 3), (0, 1, 3)), Target((0,), (0, 1)), Target((2,), (2, 3))]
    logits = np.array([[0, 1, 9, 2], [3, 4, 9, 9], [9, 9, 2, 1]], np.float32)
    correct = partial_accuracy(examples_of([0, 1, 2], targets).targets, logits)
    assert correct.numpy().tolist() == [1, 0, 1]


@pytest.mark.usefixtures("small_networks")
def test_a_source_without_a_category_does_not_suppress_it(toy):
    """Half of the sentences come from a source that lacks category 2, and are all labelled 0 or 1.

    Trained as if the source knew category 2, the network would learn that it is rarer.
    """
    texts, labels = toy(240, 3)
    features = learn_features(texts, "whitespace", 1)
    partial = Target((0,), (0, 1)), Target((1,), (0, 1))
    targets = [*category_targets(3), *partial]
    rng = np.random.default_rng(0)
    indexes = [3 + label if label < 2 and rng.random() < 0.8 else label for label in labels]
    ids = feature_ids(features, texts)
    train = make_examples(ids, np.array(indexes), targets, 3, [1.0] * 240)
    keras.utils.set_random_seed(0)
    probabilities = predict(train_network(features.sizes, train, train, SETTINGS), ids)
    assert (probabilities.argmax(1) == labels).mean() > 0.95


def test_batches_keep_the_order_of_texts(toy_examples, monkeypatch):
    monkeypatch.setattr(features_module, "TEXTS_PER_BATCH", 3)
    texts = ["喜 山", "", "雨", "悲 水 水", "无", "山 山 山 山", "花"]
    features = toy_examples[0]
    assert feature_ids(features, texts).to_list() == features(tf.constant(texts)).to_list()
