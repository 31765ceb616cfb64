"""Training a network on labelled texts."""

import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import keras
import numpy as np
import tensorflow as tf
from scipy.sparse import csr_array
from sklearn.naive_bayes import MultinomialNB

from data_prep.classifier.features import BIGRAMS, Features, Vectors, text_batches
from data_prep.classifier.networks import (
    BiLSTM,
    DeepConvolution,
    NaiveBayes,
    NGramConvolution,
    Transformer,
    copy_with_embeddings,
)
from data_prep.classifier.settings import ClassifierSettings
from data_prep.classifier.splits import Target
from ecm_tf.layers.losses import IMPOSSIBLE

logger = logging.getLogger(__name__)

LENGTHS = (4, 8, 12, 16, 24, 32, 48, 64, 96)
"""Boundaries of the buckets of text length, in characters; a batch comes from one bucket."""
LABEL_SMOOTHING = 0.1
POSSIBLE, KNOWN = range(2)
"""Rows of a target, see `Examples`."""
PATIENCE = 2
EMA_MOMENTUM = 0.998
VECTOR_SCALE = 0.1
"""Standard deviation of pretrained embeddings, a few times that of random ones."""


@dataclass(frozen=True)
class Examples:
    """Examples with their targets.

    Attributes:
        ids: int32 `(texts, None, 4)`, the output of `features.Features`.
        targets: float32 `(texts, 2, categories)` of zeros and ones: the categories that a label
            may mean, and the categories that its source knows.
        weights: float32 `(texts,)`, factors of the loss.
    """

    ids: tf.RaggedTensor
    targets: np.ndarray
    weights: np.ndarray


def feature_ids(features: Features, texts: Sequence[str]) -> tf.RaggedTensor:
    """Returns the features of texts, int32 `(texts, None, 4)`."""
    return tf.concat([features(batch) for batch in text_batches(texts)], axis=0)


def make_examples(
    ids: tf.RaggedTensor,
    labels: np.ndarray,
    targets: Sequence[Target],
    categories: int,
    weights: Sequence[float],
    balance: float = 0.0,
) -> Examples:
    """Returns examples of texts with labels.

    Args:
        ids: features of the texts.
        labels: int `(texts,)`, indexes of `targets`.
        targets: what each label says.
        categories: number of categories.
        weights: factors of the loss, one for each text.
        balance: the weights are divided by the frequency of the category to this power, and keep
            their sum; from 0 to 1. A label that may mean several categories has the mean of theirs.
    """
    table = np.zeros([len(targets), 2, categories], np.float32)
    for row, target in zip(table, targets, strict=True):
        row[POSSIBLE, target.possible] = row[KNOWN, target.known] = 1
    factors = np.array(weights, np.float32)
    possible = table[labels, POSSIBLE]
    possible /= possible.sum(1, keepdims=True)
    frequencies = np.maximum((factors[:, np.newaxis] * possible).sum(0), 1)
    balanced = factors * (possible @ frequencies**-balance)
    balanced *= factors.sum() / balanced.sum()
    return Examples(ids, table[labels], balanced.astype(np.float32))


def partial_cross_entropy(
    targets: tf.Tensor, logits: tf.Tensor, smoothing: float = LABEL_SMOOTHING
) -> tf.Tensor:
    """Returns the smoothed cross-entropy of labels that may mean several categories.

    The softmax is restricted to the categories of the source. `LABEL_SMOOTHING` of the target is
    spread evenly over them; the rest is for the total probability of the categories that the label
    may mean. With one such category, and a source that has all categories, this is the usual
    cross-entropy with label smoothing.

    Args:
        targets: float32 `(batch, 2, categories)`, see `Examples`.
        logits: float32 `(batch, categories)`.

    Returns:
        float32 `(batch,)`.
    """
    possible, known = targets[:, POSSIBLE], targets[:, KNOWN]
    log_probs = tf.nn.log_softmax(logits + IMPOSSIBLE * (1 - known))
    of_possible = tf.reduce_logsumexp(log_probs + IMPOSSIBLE * (1 - possible), 1)
    mean = tf.reduce_sum(known * log_probs, 1) / tf.reduce_sum(known, 1)
    return -(1 - smoothing) * of_possible - smoothing * mean


def partial_accuracy(targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Returns float32 `(batch,)`: 1 where the best known category is a possible one, else 0.

    Args:
        targets: float32 `(batch, 2, categories)`, see `Examples`.
        logits: float32 `(batch, categories)`.
    """
    best = tf.argmax(logits + IMPOSSIBLE * (1 - targets[:, KNOWN]), 1)
    return tf.gather(targets[:, POSSIBLE], best, axis=1, batch_dims=1)


def train_network(
    sizes: Sequence[int],
    train: Examples,
    dev: Examples,
    settings: ClassifierSettings,
    vectors: Vectors | None = None,
) -> keras.Model:
    """Trains a network.

    Args:
        sizes: number of ids of each channel of the features.
        train: training examples.
        dev: examples for early stopping.
        settings: the kind of network and the training settings.
        vectors: initial embeddings of the first ids of each channel.

    Returns:
        The network with the weights of the epoch with the highest accuracy on `dev`, with
        embeddings of the dtype of the settings.
    """
    if settings.network == "naive_bayes":
        return _train_naive_bayes(sizes, train)
    kind = {
        "bilstm": BiLSTM,
        "convolution": NGramConvolution,
        "deep": DeepConvolution,
        "transformer": Transformer,
    }[settings.network]
    model = kind(sizes, train.targets.shape[2])
    if vectors is not None:
        model(tf.zeros([1, 1, 4], tf.int32))
        model.set_embeddings([_scaled(matrix) for matrix in vectors.embeddings])
    steps = -(-len(train.targets) // settings.batch_size)
    # An average of recent weights is more robust to noisy labels than the last weights. It covers
    # at most one epoch, because with few sentences a longer one would include the initial weights.
    momentum = min(EMA_MOMENTUM, 1 - 1 / steps)
    model.compile(
        optimizer=keras.optimizers.Adam(
            settings.learning_rate, use_ema=True, ema_momentum=momentum
        ),
        loss=partial(partial_cross_entropy, smoothing=settings.label_smoothing),
        metrics=[keras.metrics.MeanMetricWrapper(partial_accuracy, name="accuracy")],
    )
    dev_batches = _batch_by_length(_dataset(dev), settings.batch_size)
    dev_steps = sum(1 for _ in dev_batches)
    shuffled = _dataset(train).shuffle(len(train.targets), seed=settings.seed)
    logger.info("training %s on %s texts", settings.network, f"{len(train.targets):,}")
    model.fit(
        _batch_by_length(shuffled, settings.batch_size).repeat(),
        # A pass has a few more batches than this, because every bucket may end with a partial one.
        steps_per_epoch=steps,
        shuffle=False,
        validation_data=dev_batches.apply(tf.data.experimental.assert_cardinality(dev_steps)),
        epochs=settings.epochs,
        callbacks=[
            keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
            keras.callbacks.EarlyStopping(
                "val_accuracy", mode="max", patience=PATIENCE, restore_best_weights=True
            ),
        ],
        verbose=1 if sys.stdout.isatty() else 2,
    )
    # A copy without the optimizer, whose variables would triple the size of the saved classifier.
    return copy_with_embeddings(model, sizes, train.targets.shape[2], settings.weights)


def _scaled(vectors: np.ndarray) -> np.ndarray:
    """Returns vectors with the standard deviation `VECTOR_SCALE`."""
    return vectors * (VECTOR_SCALE / vectors.std())


def _dataset(examples: Examples) -> tf.data.Dataset:
    rows = tf.data.Dataset.from_tensor_slices((examples.ids, examples.targets, examples.weights))
    # `map` converts each ragged row to a dense tensor.
    return rows.map(lambda ids, *rest: (tf.ensure_shape(ids, [None, 4]), *rest))


def _batch_by_length(rows: tf.data.Dataset, batch_size: int) -> tf.data.Dataset:
    return rows.bucket_by_sequence_length(
        lambda ids, *_: tf.shape(ids)[0], LENGTHS, [batch_size] * (len(LENGTHS) + 1)
    ).prefetch(tf.data.AUTOTUNE)


def _train_naive_bayes(sizes: Sequence[int], train: Examples) -> NaiveBayes:
    bigrams = train.ids.values[:, BIGRAMS].numpy()
    counts = csr_array(
        (np.ones(len(bigrams)), bigrams, train.ids.row_splits.numpy()),
        (train.ids.nrows(), sizes[BIGRAMS]),
    )
    # A count needs one category: sentences whose label may mean several are left out.
    possible = train.targets[:, POSSIBLE]
    single = possible.sum(1) == 1
    model = MultinomialNB().fit(
        counts[single], possible[single].argmax(1), sample_weight=train.weights[single]
    )
    categories = possible.shape[1]
    network = NaiveBayes(sizes, categories)
    # A category without sentences is never predicted, but its logits must be finite.
    log_probabilities = np.zeros([sizes[BIGRAMS], categories], np.float32)
    log_priors = np.full([categories], -1e4, np.float32)
    log_probabilities[:, model.classes_] = model.feature_log_prob_.T
    log_priors[model.classes_] = model.class_log_prior_
    network.set_parameters(log_probabilities, log_priors)
    return network
