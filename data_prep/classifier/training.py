"""Training a network on labelled texts."""

import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from scipy.sparse import csr_array
from sklearn.naive_bayes import MultinomialNB

from data_prep.classifier.features import BIGRAMS, Features, text_batches
from data_prep.classifier.networks import BiLSTM, NaiveBayes, NGramConvolution
from data_prep.classifier.settings import ClassifierSettings

logger = logging.getLogger(__name__)

LENGTHS = (4, 8, 12, 16, 24, 32, 48, 64, 96)
"""Boundaries of the buckets of text length, in characters; a batch comes from one bucket."""
LABEL_SMOOTHING = 0.1
PATIENCE = 2
EMA_MOMENTUM = 0.998


@dataclass(frozen=True)
class Examples:
    """Examples with their targets.

    Attributes:
        ids: int32 `(texts, None, 4)`, the output of `features.Features`.
        targets: float32 `(texts, categories)`, rows sum to 1.
    """

    ids: tf.RaggedTensor
    targets: np.ndarray


def feature_ids(features: Features, texts: Sequence[str]) -> tf.RaggedTensor:
    """Returns the features of texts, int32 `(texts, None, 4)`."""
    return tf.concat([features(batch) for batch in text_batches(texts)], axis=0)


def make_examples(ids: tf.RaggedTensor, labels: np.ndarray, categories: int) -> Examples:
    """Returns examples with smoothed labels; `labels` are category ids, int `(texts,)`."""
    targets = np.eye(categories, dtype=np.float32)[labels]
    return Examples(ids, targets * (1 - LABEL_SMOOTHING) + LABEL_SMOOTHING / categories)


def train_network(
    sizes: Sequence[int], train: Examples, dev: Examples, settings: ClassifierSettings
) -> keras.Model:
    """Trains a network.

    Args:
        sizes: number of ids of each channel of the features.
        train: training examples.
        dev: examples for early stopping.
        settings: the kind of network and the training settings.

    Returns:
        The network with the weights of the epoch with the highest accuracy on `dev`.
    """
    if settings.network == "naive_bayes":
        return _train_naive_bayes(sizes, train)
    kind = BiLSTM if settings.network == "bilstm" else NGramConvolution
    model = kind(sizes, train.targets.shape[1])
    steps = -(-len(train.targets) // settings.batch_size)
    # An average of recent weights is more robust to noisy labels than the last weights. It covers
    # at most one epoch, because with few sentences a longer one would include the initial weights.
    momentum = min(EMA_MOMENTUM, 1 - 1 / steps)
    model.compile(
        optimizer=keras.optimizers.Adam(
            settings.learning_rate, use_ema=True, ema_momentum=momentum
        ),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
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
                "val_accuracy", patience=PATIENCE, restore_best_weights=True
            ),
        ],
        verbose=1 if sys.stdout.isatty() else 2,
    )
    # A copy without the optimizer, whose variables would triple the size of the saved classifier.
    network = kind(sizes, train.targets.shape[1])
    network(tf.zeros([1, 1, 4], tf.int32))
    network.set_weights(model.get_weights())
    return network


def _dataset(examples: Examples) -> tf.data.Dataset:
    rows = tf.data.Dataset.from_tensor_slices((examples.ids, examples.targets))
    # `map` converts each ragged row to a dense tensor.
    return rows.map(lambda ids, target: (tf.ensure_shape(ids, [None, 4]), target))


def _batch_by_length(rows: tf.data.Dataset, batch_size: int) -> tf.data.Dataset:
    return rows.bucket_by_sequence_length(
        lambda ids, target: tf.shape(ids)[0], LENGTHS, [batch_size] * (len(LENGTHS) + 1)
    ).prefetch(tf.data.AUTOTUNE)


def _train_naive_bayes(sizes: Sequence[int], train: Examples) -> NaiveBayes:
    bigrams = train.ids.values[:, BIGRAMS].numpy()
    counts = csr_array(
        (np.ones(len(bigrams)), bigrams, train.ids.row_splits.numpy()),
        (train.ids.nrows(), sizes[BIGRAMS]),
    )
    model = MultinomialNB().fit(counts, train.targets.argmax(1))
    categories = train.targets.shape[1]
    network = NaiveBayes(sizes, categories)
    # A category without sentences is never predicted, but its logits must be finite.
    log_probabilities = np.zeros([sizes[BIGRAMS], categories], np.float32)
    log_priors = np.full([categories], -1e4, np.float32)
    log_probabilities[:, model.classes_] = model.feature_log_prob_.T
    log_priors[model.classes_] = model.class_log_prior_
    network.set_parameters(log_probabilities, log_priors)
    return network
