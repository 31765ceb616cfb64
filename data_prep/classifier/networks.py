"""Networks of the emotion classifier: Keras models from features to logits.

All take int32 `(batch, length, 4)` (channels `features.CHARACTERS`, …; 0 is padding) and return
float32 `(batch, categories)`, also for a text without characters.
"""

from collections.abc import Sequence
from typing import Literal

import keras
import numpy as np
import tensorflow as tf

from data_prep.classifier.features import BIGRAMS, CHARACTERS, FIRST_ID, PADDING, STARTS, WORDS
from ecm_tf.layers.masking import IMPOSSIBLE

EMBEDDING_SIZE, FILTERS = 64, 96
DROPOUT, FEATURE_DROPOUT = 0.5, 0.2


class FeatureDropout(keras.layers.Layer):
    """Replaces random ids by the unknown id during training, independently per channel.

    Args:
        rate: fraction of ids to replace, from 0 to 1.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self._rate = rate
        self._random = keras.random.SeedGenerator()

    def call(self, ids: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns int32 ids of the shape of `ids`; padding is never replaced."""
        if not training:
            return ids
        draws = keras.random.uniform(tf.shape(ids), seed=self._random)
        return tf.where((draws < self._rate) & (ids != PADDING), tf.ones_like(ids), ids)


class NGramConvolution(keras.Model):
    """A CNN over summed embeddings of characters, bigrams and words, with two kinds of pooling.

    The outputs of the convolutions are pooled by attention and by maximum.

    Args:
        sizes: number of ids of each channel.
        categories: number of categories.
        embedding_dtype: dtype of the embeddings; `"float32"` for training.

    Attributes:
        embeddings: the embedding layers.
    """

    def __init__(
        self, sizes: Sequence[int], categories: int, embedding_dtype: str = "float32"
    ) -> None:
        super().__init__()
        self._feature_dropout = FeatureDropout(FEATURE_DROPOUT)
        self.embeddings = [
            keras.layers.Embedding(size, EMBEDDING_SIZE, dtype=embedding_dtype) for size in sizes
        ]
        self._embedding_dropout = keras.layers.SpatialDropout1D(0.2)
        self._convolutions = [
            keras.layers.Conv1D(FILTERS, width, padding="same", activation="relu")
            for width in (2, 3, 4)
        ]
        self._attention = keras.layers.Dense(1)
        self._dropout = keras.layers.Dropout(DROPOUT)
        self._logits = keras.layers.Dense(categories, dtype="float32")

    def set_embeddings(self, vectors: Sequence[np.ndarray]) -> None:
        """Sets the embeddings of the first ids of each channel.

        Args:
            vectors: float32 `(ids, EMBEDDING_SIZE)` for each channel, from the first id that is
                neither padding nor unknown.
        """
        for embedding, first in zip(self.embeddings, vectors, strict=True):
            weights = embedding.get_weights()[0]
            weights[FIRST_ID : FIRST_ID + len(first)] = first
            embedding.set_weights([weights])

    def call(self, features: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns float32 logits `(batch, categories)` for int32 `(batch, length, 4)`."""
        # One padding position, so that a text without characters has a position to pool over.
        features = tf.pad(features, [[0, 0], [0, 1], [0, 0]])
        real = tf.cast(features[..., CHARACTERS, tf.newaxis] != PADDING, tf.float32)
        ids = self._feature_dropout(features[..., :STARTS], training=training)
        embedded = sum(
            tf.cast(embedding(ids[..., channel]), tf.float32)
            for channel, embedding in enumerate(self.embeddings)
        )
        embedded = real * self._embedding_dropout(embedded, training=training)
        hidden = tf.concat([embedded, *(c(embedded) for c in self._convolutions)], -1)
        mask = IMPOSSIBLE * (1 - real)
        weights = tf.nn.softmax(self._attention(hidden) + mask, axis=1)
        pooled = [tf.reduce_sum(weights * hidden, 1), tf.reduce_max(real * hidden + mask, 1)]
        any_real = tf.reduce_max(real, 1)
        return self._logits(self._dropout(any_real * tf.concat(pooled, -1), training=training))


class BiLSTM(keras.Model):
    """The classifier of the paper: a bidirectional LSTM over words (ECM, "Data Preparation").

    Args:
        sizes: number of ids of each channel.
        categories: number of categories.
        embedding_dtype: dtype of the embeddings; `"float32"` for training.

    Attributes:
        embeddings: the embedding layers.
    """

    def __init__(
        self, sizes: Sequence[int], categories: int, embedding_dtype: str = "float32"
    ) -> None:
        super().__init__()
        self._feature_dropout = FeatureDropout(FEATURE_DROPOUT)
        self.embeddings = [
            keras.layers.Embedding(sizes[WORDS], 2 * EMBEDDING_SIZE, dtype=embedding_dtype)
        ]
        self._lstm = keras.layers.Bidirectional(keras.layers.LSTM(2 * EMBEDDING_SIZE))
        self._dropout = keras.layers.Dropout(DROPOUT)
        self._logits = keras.layers.Dense(categories, dtype="float32")

    def call(self, features: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns float32 logits `(batch, categories)` for int32 `(batch, length, 4)`."""
        words = tf.ragged.boolean_mask(features[..., WORDS], features[..., STARTS] == 1).to_tensor()
        # One padding position, so that a text without words is not an empty sequence.
        words = tf.pad(words, [[0, 0], [0, 1]])
        mask = words != PADDING
        embedded = self.embeddings[0](self._feature_dropout(words, training=training))
        state = self._lstm(tf.cast(embedded, tf.float32), mask=mask, training=training)
        return self._logits(self._dropout(state, training=training))


def copy_with_embeddings(
    network: NGramConvolution | BiLSTM,
    sizes: Sequence[int],
    categories: int,
    dtype: Literal["float32", "float16", "int8"],
) -> NGramConvolution | BiLSTM:
    """Returns a copy of a network, without its optimizer, that stores its embeddings in a dtype.

    They are cast to float32 after the lookup; int8 embeddings have a scale for each id.

    Args:
        network: with float32 weights.
        sizes: number of ids of each channel.
        categories: number of categories.
        dtype: of the embeddings.
    """
    copy = type(network)(sizes, categories, "float16" if dtype == "float16" else "float32")
    copy(tf.zeros([1, 1, 4], tf.int32))
    copy.set_weights(network.get_weights())
    if dtype == "int8":
        for embedding in copy.embeddings:
            embedding.quantize("int8")
    return copy


class NaiveBayes(keras.Model):
    """Multinomial naive Bayes over character bigrams, a baseline.

    Args:
        sizes: number of ids of each channel.
        categories: number of categories.
    """

    def __init__(self, sizes: Sequence[int], categories: int) -> None:
        super().__init__()
        self._log_probabilities = self.add_weight(
            shape=[sizes[BIGRAMS], categories], initializer="zeros"
        )
        self._log_priors = self.add_weight(shape=[categories], initializer="zeros")

    def set_parameters(self, log_probabilities: tf.Tensor, log_priors: tf.Tensor) -> None:
        """Sets the log-probabilities, float `(bigrams, categories)` and `(categories,)`."""
        self._log_probabilities.assign(log_probabilities)
        self._log_priors.assign(log_priors)

    def call(self, features: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns float32 logits `(batch, categories)` for int32 `(batch, length, 4)`."""
        bigrams = tf.cast(features[..., BIGRAMS], tf.int32)
        real = tf.cast(bigrams != PADDING, tf.float32)[..., tf.newaxis]
        return self._log_priors + tf.reduce_sum(
            real * tf.gather(self._log_probabilities, bigrams), 1
        )
