"""Networks of the emotion classifier: Keras models from features to logits.

All take int32 `(batch, length, 4)` (channels `features.CHARACTERS`, …; 0 is padding) and return
float32 `(batch, categories)`, also for a text without characters.
"""

from collections.abc import Sequence
from typing import Literal

import keras
import numpy as np
import tensorflow as tf

from data_prep.classifier.features import BIGRAMS, CHARACTERS, FIRST_ID, MAX_LENGTH, PADDING, STARTS, WORDS
from ecm_tf.layers.losses import IMPOSSIBLE

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

    def _encode(self, embedded: tf.Tensor, real: tf.Tensor, training: bool) -> tf.Tensor:
        return tf.concat([embedded, *(c(embedded) for c in self._convolutions)], -1)

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
        hidden = self._encode(embedded, real, training)
        mask = IMPOSSIBLE * (1 - real)
        weights = tf.nn.softmax(self._attention(hidden) + mask, axis=1)
        pooled = [tf.reduce_sum(weights * hidden, 1), tf.reduce_max(real * hidden + mask, 1)]
        any_real = tf.reduce_max(real, 1)
        return self._logits(self._dropout(any_real * tf.concat(pooled, -1), training=training))


class DeepConvolution(NGramConvolution):
    """`NGramConvolution` with two residual convolutions between its embeddings and its pooling."""

    def __init__(
        self, sizes: Sequence[int], categories: int, embedding_dtype: str = "float32"
    ) -> None:
        super().__init__(sizes, categories, embedding_dtype)
        self._blocks = [
            keras.layers.Conv1D(EMBEDDING_SIZE, 3, padding="same", activation="gelu")
            for _ in range(2)
        ]
        self._norms = [keras.layers.LayerNormalization() for _ in range(2)]

    def _encode(self, embedded: tf.Tensor, real: tf.Tensor, training: bool) -> tf.Tensor:
        for norm, block in zip(self._norms, self._blocks, strict=True):
            embedded += real * block(real * norm(embedded))
        return super()._encode(embedded, real, training)


class Transformer(NGramConvolution):
    """Two pre-norm Transformer layers of four heads over summed embeddings and positions."""

    def __init__(
        self, sizes: Sequence[int], categories: int, embedding_dtype: str = "float32"
    ) -> None:
        super().__init__(sizes, categories, embedding_dtype)
        self._convolutions = []
        self._positions = keras.layers.Embedding(MAX_LENGTH + 1, EMBEDDING_SIZE)
        self._heads = [
            keras.layers.MultiHeadAttention(4, EMBEDDING_SIZE // 4, dropout=0.1) for _ in range(2)
        ]
        self._wide = [
            keras.layers.Dense(4 * EMBEDDING_SIZE, activation="gelu") for _ in range(2)
        ]
        self._narrow = [keras.layers.Dense(EMBEDDING_SIZE) for _ in range(2)]
        self._norms = [keras.layers.LayerNormalization() for _ in range(5)]

    def _encode(self, embedded: tf.Tensor, real: tf.Tensor, training: bool) -> tf.Tensor:
        hidden = embedded + real * self._positions(tf.range(tf.shape(embedded)[1]))
        mask = tf.cast(real[:, tf.newaxis, :, 0], tf.bool)
        mask |= tf.eye(tf.shape(embedded)[1], dtype=tf.bool)  # a row needs a position to attend to
        for layer in range(2):
            normed = self._norms[2 * layer](hidden)
            hidden += self._heads[layer](normed, normed, attention_mask=mask, training=training)
            normed = self._norms[2 * layer + 1](hidden)
            hidden += self._narrow[layer](self._wide[layer](normed))
        return self._norms[4](hidden)


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
