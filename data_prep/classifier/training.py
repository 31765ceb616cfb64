"""Examples in, a trained network out."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from scipy.sparse import csr_array
from sklearn.naive_bayes import MultinomialNB

from data_prep.classifier.features import BIGRAMS, Features, batches
from data_prep.classifier.networks import BiLSTM, NaiveBayes, NGramConvolution
from data_prep.classifier.settings import ClassifierSettings

LENGTHS = (4, 8, 12, 16, 24, 32, 48, 64, 96)
"""Texts of similar length, in characters, share a batch."""
LABEL_SMOOTHING = 0.1
PATIENCE = 2
EMA_MOMENTUM = 0.998


@dataclass(frozen=True)
class Examples:
    """What a network learns from.

    Attributes:
        ids: int32 `(texts, None, 4)`, as `features.Features` gives them.
        targets: float32 `(texts, categories)`, rows sum to 1.
    """

    ids: tf.RaggedTensor
    targets: np.ndarray


def ids_of(features: Features, texts: Sequence[str]) -> tf.RaggedTensor:
    """Int32 `(texts, None, 4)`."""
    return tf.concat([features(batch) for batch in batches(texts)], axis=0)


def labelled(ids: tf.RaggedTensor, labels: np.ndarray, categories: int) -> Examples:
    """Examples with smoothed labels; `labels` are ids, int `(texts,)`."""
    targets = np.eye(categories, dtype=np.float32)[labels]
    return Examples(ids, targets * (1 - LABEL_SMOOTHING) + LABEL_SMOOTHING / categories)


def fit(
    sizes: Sequence[int], train: Examples, dev: Examples, settings: ClassifierSettings
) -> keras.Model:
    """Trains a network.

    Args:
        sizes: ids of each channel of the features.
        train: what it learns from.
        dev: what tells when to stop.
        settings: which network, and how.

    Returns:
        The network with the weights of the epoch that was most accurate on `dev`.
    """
    if settings.network == "naive_bayes":
        return _naive_bayes(sizes, train)
    kind = BiLSTM if settings.network == "bilstm" else NGramConvolution
    model = kind(sizes, train.targets.shape[1])
    steps = -(-len(train.targets) // settings.batch_size)
    # The mean of the latest weights is less shaken by noisy labels than the last ones. It reaches
    # back one pass at most: over few sentences a longer one would be full of the first weights.
    momentum = min(EMA_MOMENTUM, 1 - 1 / steps)
    model.compile(
        optimizer=keras.optimizers.Adam(
            settings.learning_rate, use_ema=True, ema_momentum=momentum
        ),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    dev_batches = _bucketed(_dataset(dev), settings.batch_size)
    size = sum(1 for _ in dev_batches)
    shuffled = _dataset(train).shuffle(len(train.targets), seed=settings.seed)
    print(f"training {settings.network} on {len(train.targets):,} texts", flush=True)
    model.fit(
        _bucketed(shuffled, settings.batch_size).repeat(),
        # Partial batches of the buckets make a pass a little longer than this.
        steps_per_epoch=steps,
        shuffle=False,
        validation_data=dev_batches.apply(tf.data.experimental.assert_cardinality(size)),
        epochs=settings.epochs,
        callbacks=[
            keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
            keras.callbacks.EarlyStopping(
                "val_accuracy", patience=PATIENCE, restore_best_weights=True
            ),
        ],
        verbose=1 if sys.stdout.isatty() else 2,
    )
    # Without the optimizer, whose variables are three times the network's and would be saved.
    network_alone = kind(sizes, train.targets.shape[1])
    network_alone(tf.zeros([1, 1, 4], tf.int32))
    network_alone.set_weights(model.get_weights())
    return network_alone


def _dataset(examples: Examples) -> tf.data.Dataset:
    rows = tf.data.Dataset.from_tensor_slices((examples.ids, examples.targets))
    # As tensors: a row of a ragged tensor counts as ragged until it went through a function.
    return rows.map(lambda ids, target: (tf.ensure_shape(ids, [None, 4]), target))


def _bucketed(rows: tf.data.Dataset, batch_size: int) -> tf.data.Dataset:
    return rows.bucket_by_sequence_length(
        lambda ids, target: tf.shape(ids)[0], LENGTHS, [batch_size] * (len(LENGTHS) + 1)
    ).prefetch(tf.data.AUTOTUNE)


def _naive_bayes(sizes: Sequence[int], train: Examples) -> NaiveBayes:
    bigrams = train.ids.values[:, BIGRAMS].numpy()
    counts = csr_array(
        (np.ones(len(bigrams)), bigrams, train.ids.row_splits.numpy()),
        (train.ids.nrows(), sizes[BIGRAMS]),
    )
    model = MultinomialNB().fit(counts, train.targets.argmax(1))
    categories = train.targets.shape[1]
    network = NaiveBayes(sizes, categories)
    # Categories without sentences are never chosen, and yet stay finite.
    log_probabilities = np.zeros([sizes[BIGRAMS], categories], np.float32)
    log_priors = np.full([categories], -1e4, np.float32)
    log_probabilities[:, model.classes_] = model.feature_log_prob_.T
    log_priors[model.classes_] = model.class_log_prior_
    network.estimate(log_probabilities, log_priors)
    return network
