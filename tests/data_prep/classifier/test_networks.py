"""Properties of the networks that hold for arbitrary weights."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from data_prep.classifier.features import PADDING, UNKNOWN, WORDS
from data_prep.classifier.networks import (
    BiLSTM,
    FeatureDropout,
    NaiveBayes,
    NGramConvolution,
    copy_with_embeddings,
)

SIZES, CATEGORIES = (9, 12, 10), 4


@pytest.fixture(scope="module", params=[NGramConvolution, BiLSTM, NaiveBayes])
def network(request):
    keras.utils.set_random_seed(3)
    network = request.param(SIZES, CATEGORIES)
    if request.param is NaiveBayes:
        rng = np.random.default_rng(0)
        network.set_parameters(
            rng.normal(size=[SIZES[1], CATEGORIES]), rng.normal(size=[CATEGORIES])
        )
    network(tf.zeros([1, 1, 4], tf.int32))
    # Zero biases would hide errors.
    for weight in network.trainable_weights:
        if weight.path.endswith("bias"):
            weight.assign(keras.random.normal(weight.shape, seed=1))
    return network


def rows(*lengths: int) -> tf.Tensor:
    """Returns random texts of given lengths, padded; the same length always gives the same text."""
    batch = np.zeros([len(lengths), max(lengths), 4], np.int32)
    for row, length in zip(batch, lengths, strict=True):
        rng = np.random.default_rng(length)
        for channel, size in enumerate(SIZES):
            row[:length, channel] = rng.integers(1, size, length)
        row[:length, -1] = rng.integers(0, 2, length)
        row[: min(1, length), -1] = 1
    return tf.constant(batch)


def test_padding_invariance(network):
    texts = rows(5, 1, 7, 0, 3)
    expected = network(texts, training=False)
    assert expected.dtype == tf.float32
    assert expected.shape == [5, CATEGORIES]
    for columns in (1, 13):
        padded = tf.pad(texts, [[0, 0], [0, columns], [0, 0]])
        np.testing.assert_allclose(network(padded, training=False), expected, atol=1e-5)


def test_batch_invariance(network):
    together = network(rows(2, 9, 0, 4), training=False)
    for place, length in enumerate((2, 9, 0, 4)):
        np.testing.assert_allclose(
            network(rows(length), training=False)[0], together[place], atol=1e-5
        )


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("shape", [(2, 0), (3, 6)])
def test_finite_logits_without_characters(network, shape, training):
    logits = network(tf.zeros([*shape, 4], tf.int32), training=training)
    assert logits.shape == [shape[0], CATEGORIES]
    assert np.isfinite(logits).all()


def test_different_texts_get_different_logits(network):
    logits = network(rows(3, 4, 5, 6), training=False).numpy()
    assert np.ptp(logits, axis=0).min() > 1e-4


def test_order_matters_except_in_naive_bayes(network):
    texts = rows(8).numpy()
    texts[..., -1] = 1
    forth, back = (network(tf.constant(t), training=False) for t in (texts, texts[:, ::-1]))
    same = np.allclose(forth, back, atol=1e-5)
    assert same == isinstance(network, NaiveBayes)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
@pytest.mark.parametrize("kind", [NGramConvolution, BiLSTM])
def test_embeddings_in_another_dtype(kind, dtype):
    keras.utils.set_random_seed(3)
    network = kind(SIZES, CATEGORIES)
    expected = network(rows(5, 1, 7, 0, 3), training=False)
    copy = copy_with_embeddings(network, SIZES, CATEGORIES, dtype)
    found = copy(rows(5, 1, 7, 0, 3), training=False)
    assert found.dtype == tf.float32
    tolerance = {"float32": 0, "float16": 1e-3, "int8": 1e-2}[dtype]
    np.testing.assert_allclose(found, expected, atol=tolerance)
    assert dtype == "float32" or not np.array_equal(found, expected)
    dtypes = {
        is_table: [w.dtype for w in copy.weights if w.path.endswith("/embeddings") == is_table]
        for is_table in (True, False)
    }
    assert dtypes[True] == [dtype] * len(network.embeddings)
    assert set(dtypes[False]) == {"float32"}


def test_bilstm_reads_each_word_once():
    keras.utils.set_random_seed(0)
    network = BiLSTM(SIZES, CATEGORIES)
    # 5 5 7 as words of two, one and one characters, and as three words of one.
    long, short = np.ones([1, 4, 4], np.int32), np.ones([1, 3, 4], np.int32)
    long[0, :, WORDS], long[0, :, -1] = [5, 5, 5, 7], [1, 0, 1, 1]
    short[0, :, WORDS] = [5, 5, 7]
    np.testing.assert_allclose(network(long), network(short), atol=1e-6)


def test_naive_bayes_sums_log_probabilities():
    network = NaiveBayes(SIZES, 2)
    table = np.arange(24, dtype=np.float32).reshape(12, 2) ** 2
    network.set_parameters(table, np.array([0.5, -1], np.float32))
    texts = np.ones([1, 5, 4], np.int32)
    texts[0, :, 1] = [3, 3, 7, PADDING, PADDING]
    expected = table[3] * 2 + table[7] + [0.5, -1]
    np.testing.assert_allclose(network(tf.constant(texts))[0], expected)


def test_feature_dropout_rate():
    keras.utils.set_random_seed(0)
    ids = np.random.default_rng(0).integers(0, 50, [300, 40, 3]).astype(np.int32)
    layer = FeatureDropout(0.2)
    np.testing.assert_array_equal(layer(ids), ids)
    np.testing.assert_array_equal(layer(ids, training=False), ids)
    forgotten, again = (layer(ids, training=True).numpy() for _ in range(2))
    assert forgotten.dtype == np.int32
    np.testing.assert_array_equal(forgotten[ids == PADDING], PADDING)
    changed = forgotten != ids
    assert (forgotten[changed] == UNKNOWN).all()
    shares = [changed[ids > UNKNOWN][start::3].mean() for start in range(3)]
    np.testing.assert_allclose(shares, 0.2, atol=0.02)
    assert (forgotten != again).any(), "a new mask at every call"
    # The channels of a position are replaced independently.
    all_real = (ids > UNKNOWN).all(-1)
    assert abs(changed[all_real].all(-1).mean() - 0.2**3) < 0.005
