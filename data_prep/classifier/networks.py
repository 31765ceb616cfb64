"""What tells the emotion of a text: Keras models from features to logits.

All take int32 `(batch, length, 4)` (`features.CHARACTERS`, …; zero is padding) and return float32
`(batch, categories)`. A text without characters is answered too.
"""

from collections.abc import Sequence

import keras
import tensorflow as tf

from data_prep.classifier.features import BIGRAMS, CHARACTERS, PADDING, STARTS, WORDS

EMBEDDING, WIDTH = 64, 96
DROPOUT, FORGOTTEN = 0.5, 0.2
IMPOSSIBLE = -1e9


class ForgetFeatures(keras.layers.Layer):
    """In training, makes a share of the features unknown, each by itself.

    Args:
        rate: the share, from 0 to 1.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self._rate = rate
        self._random = keras.random.SeedGenerator()

    def call(self, ids: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Int32 ids in and out; padding stays."""
        if not training:
            return ids
        draws = keras.random.uniform(tf.shape(ids), seed=self._random)
        return tf.where((draws < self._rate) & (ids != PADDING), tf.ones_like(ids), ids)


class NGramConvolution(keras.Model):
    """Embeddings of character, bigram and word, convolved, pooled by attention and by maximum.

    Args:
        sizes: ids of each channel.
        categories: number of categories.
    """

    def __init__(self, sizes: Sequence[int], categories: int) -> None:
        super().__init__()
        self._forget = ForgetFeatures(FORGOTTEN)
        self._embeddings = [keras.layers.Embedding(size, EMBEDDING) for size in sizes]
        self._embedding_dropout = keras.layers.SpatialDropout1D(0.2)
        self._convolutions = [
            keras.layers.Conv1D(WIDTH, width, padding="same", activation="relu")
            for width in (2, 3, 4)
        ]
        self._attention = keras.layers.Dense(1)
        self._dropout = keras.layers.Dropout(DROPOUT)
        self._logits = keras.layers.Dense(categories, dtype="float32")

    def call(self, features: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Int32 `(batch, length, 4)` → float32 logits `(batch, categories)`."""
        # One position of padding stands for a text without characters.
        features = tf.pad(features, [[0, 0], [0, 1], [0, 0]])
        real = tf.cast(features[..., CHARACTERS, tf.newaxis] != PADDING, tf.float32)
        ids = self._forget(features[..., :STARTS], training=training)
        embedded = sum(
            embedding(ids[..., channel]) for channel, embedding in enumerate(self._embeddings)
        )
        embedded = real * self._embedding_dropout(embedded, training=training)
        hidden = tf.concat([embedded, *(c(embedded) for c in self._convolutions)], -1)
        shut = IMPOSSIBLE * (1 - real)
        weights = tf.nn.softmax(self._attention(hidden) + shut, axis=1)
        pooled = [tf.reduce_sum(weights * hidden, 1), tf.reduce_max(real * hidden + shut, 1)]
        any_real = tf.reduce_max(real, 1)
        return self._logits(self._dropout(any_real * tf.concat(pooled, -1), training=training))


class BiLSTM(keras.Model):
    """The paper's classifier: a bidirectional LSTM over words (ECM, "Data Preparation").

    Args:
        sizes: ids of each channel.
        categories: number of categories.
    """

    def __init__(self, sizes: Sequence[int], categories: int) -> None:
        super().__init__()
        self._forget = ForgetFeatures(FORGOTTEN)
        self._embedding = keras.layers.Embedding(sizes[WORDS], 2 * EMBEDDING)
        self._lstm = keras.layers.Bidirectional(keras.layers.LSTM(2 * EMBEDDING))
        self._dropout = keras.layers.Dropout(DROPOUT)
        self._logits = keras.layers.Dense(categories, dtype="float32")

    def call(self, features: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Int32 `(batch, length, 4)` → float32 logits `(batch, categories)`."""
        words = tf.ragged.boolean_mask(features[..., WORDS], features[..., STARTS] == 1).to_tensor()
        # At least one position, so that a text without words has a first and a last one.
        words = tf.pad(words, [[0, 0], [0, 1]])
        mask = words != PADDING
        embedded = self._embedding(self._forget(words, training=training))
        state = self._lstm(embedded, mask=mask, training=training)
        return self._logits(self._dropout(state, training=training))


class NaiveBayes(keras.Model):
    """Multinomial naive Bayes over character bigrams: the floor that others are compared with.

    Args:
        sizes: ids of each channel.
        categories: number of categories.
    """

    def __init__(self, sizes: Sequence[int], categories: int) -> None:
        super().__init__()
        self._log_probabilities = self.add_weight(
            shape=[sizes[BIGRAMS], categories], initializer="zeros"
        )
        self._log_priors = self.add_weight(shape=[categories], initializer="zeros")

    def estimate(self, log_probabilities: tf.Tensor, log_priors: tf.Tensor) -> None:
        """Sets what is known: float `(bigrams, categories)` and `(categories,)`, logarithms."""
        self._log_probabilities.assign(log_probabilities)
        self._log_priors.assign(log_priors)

    def call(self, features: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Int32 `(batch, length, 4)` → float32 logits `(batch, categories)`."""
        bigrams = tf.cast(features[..., BIGRAMS], tf.int32)
        real = tf.cast(bigrams != PADDING, tf.float32)[..., tf.newaxis]
        return self._log_priors + tf.reduce_sum(
            real * tf.gather(self._log_probabilities, bigrams), 1
        )
