"""External memory: choose at every step between an emotion word and a generic word."""

from typing import NamedTuple

import keras
import tensorflow as tf

from ecm_tf.layers import losses
from ecm_tf.layers.vocabulary_output import VocabularyOutput


class _Memory(NamedTuple):
    """What every step of a reply has in common; a row each, W words, at most M of an emotion."""

    has_words: tf.Tensor
    """Bool `(rows,)`."""
    own: tf.Tensor
    """Bool `(rows, W)`: the emotion's words."""
    bars: tf.Tensor
    """Float32 `(rows, W)`: bars these from the generic words."""
    ids: tf.Tensor
    """Int32 `(rows, M)`: these, and others to fill up."""
    bars_of_ids: tf.Tensor
    """Float32 `(rows, M)`: bars the others."""


@keras.saving.register_keras_serializable("ecm_tf")
class ExternalMemoryOutput(VocabularyOutput):
    """Two softmaxes, of emotion words and of generic words, and a gate (ECM, eq. 10-14).

        alpha = sigmoid(o w + b)
        P(w)  = alpha * softmax over the emotion words of the category, if w is one of them
              = (1 - alpha) * softmax over all other words, otherwise

    A category without emotion words has one softmax over all words, and no gate. All is in log
    space: a gate at 0 or 1 gives finite losses.

    Args:
        vocabulary_size: how many words.
        categories: how many emotion categories.

    Call arguments:
        features: float `(rows, size)`.
        emotion: int `(rows,)`, in `[0, categories)`.

    Returns:
        float32 `(rows, vocabulary_size)`, log-probabilities.

    Attributes:
        emotion_words: non-trainable float32 weight `(categories, vocabulary_size)`, 1 where a word
            is an emotion word of the category; all 0 until assigned. Saved with the other weights.
    """

    def __init__(self, vocabulary_size, categories, **kwargs):
        super().__init__(vocabulary_size, **kwargs)
        if categories < 1:
            raise ValueError(f"`categories` must be positive. Received: categories={categories}")
        self.categories = categories

    def build(self, features_shape, emotion_shape=None):
        """Creates the projection, the gate and the lexicon."""
        super().build(features_shape)
        self.gate_kernel = self.add_weight(
            name="gate_kernel", shape=(features_shape[-1], 1), autocast=False
        )
        self.gate_bias = self.add_weight(
            name="gate_bias", shape=(1,), initializer="zeros", autocast=False
        )
        self.emotion_words = self.add_weight(
            name="emotion_words",
            shape=(self.categories, self.vocabulary_size),
            initializer="zeros",
            trainable=False,
            autocast=False,
        )

    def gate(self, features, emotion):
        """The gate of every row, in log space.

        Args:
            features: float `(rows, size)`.
            emotion: int `(rows,)`.

        Returns:
            `log(alpha)` and `log(1 - alpha)`, float32 `(rows,)` each. A category without emotion
            words has no choice to make: both are 0, and the one softmax there is stays as it is.
        """
        return self._choice(features, tf.gather(self._has_words(), emotion))

    def _has_words(self):
        return tf.reduce_max(self.emotion_words, axis=1) > 0

    def _choice(self, features, has_words):
        logit = tf.matmul(tf.cast(features, tf.float32), self.gate_kernel) + self.gate_bias
        logit = tf.squeeze(logit, 1)
        return (
            tf.where(has_words, tf.math.log_sigmoid(logit), 0.0),
            tf.where(has_words, tf.math.log_sigmoid(-logit), 0.0),
        )

    def begin(self, emotion):
        """See `VocabularyOutput.begin`: everything about the emotions' words."""
        mask = self.emotion_words > 0
        # At least one: TensorFlow Lite has trouble with empty tensors.
        most = tf.maximum(tf.reduce_max(tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)), 1)
        present, ids = tf.math.top_k(self.emotion_words, most)
        own = tf.gather(mask, emotion)
        return _Memory(
            has_words=tf.gather(self._has_words(), emotion),
            own=own,
            bars=losses.barring(own),
            ids=tf.gather(ids, emotion),
            bars_of_ids=losses.barring(tf.gather(present, emotion) <= 0),
        )

    def log_probs(self, features, conditions):
        """See `VocabularyOutput.log_probs`."""
        memory = conditions
        logits = self.logits(features)
        log_alpha, log_rest = self._choice(features, memory.has_words)
        few = tf.gather(logits, memory.ids, batch_dims=1) + memory.bars_of_ids
        emotional = log_alpha - losses.log_partition(few)
        generic = log_rest - losses.log_partition(logits + memory.bars)
        return logits + tf.where(memory.own, emotional[:, None], generic[:, None])

    def _split(self, features, emotion, targets):
        """What the losses share: -log of the gate's right choice, and who competes with whom."""
        emotion = tf.cast(emotion, tf.int32)
        flat = emotion * self.vocabulary_size + targets
        emotional = tf.gather(tf.reshape(self.emotion_words, [-1]), flat) > 0
        log_alpha, log_rest = self.gate(features, emotion)
        mask = self.emotion_words > 0
        # A category's generic words, then its emotion words, have a class each.
        classes = 2 * emotion + tf.cast(emotional, tf.int32)
        words = tf.reshape(tf.stack([mask, ~mask], axis=1), [-1, self.vocabulary_size])
        return -tf.where(emotional, log_alpha, log_rest), losses.Barred(classes, words)

    def nll(self, features, emotion, targets):
        """See `VocabularyOutput.nll`."""
        gate_nll, barred = self._split(features, emotion, targets)
        word_nll = losses.projected_nll(features, self.kernel, self.bias, targets, barred)
        return tf.stop_gradient(gate_nll) + word_nll

    def training_losses(self, features, emotion, targets, weights):
        """See `VocabularyOutput.training_losses`; `gate` is the second term of eq. 15."""
        gate_nll, barred = self._split(features, emotion, targets)
        words, word_nll = losses.weighted_nll(
            features, self.kernel, self.bias, targets, weights, barred
        )
        gate = tf.reduce_sum(weights * gate_nll)
        nll = tf.stop_gradient(gate_nll) + word_nll
        return {"cross_entropy": words + gate, "gate": gate}, nll

    def get_config(self):
        """Constructor arguments."""
        return {**super().get_config(), "categories": self.categories}
