"""External memory: choose at every step between an emotion word and a generic word."""

import keras
import tensorflow as tf

from ecm_tf import losses
from ecm_tf.layers.vocabulary_output import VocabularyOutput


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

    def is_emotion_word(self, emotion):
        """Int `(rows,)` → bool `(rows, vocabulary_size)`."""
        return tf.gather(self.emotion_words, emotion) > 0

    def gate(self, features, emotion):
        """The gate of every row, in log space.

        Args:
            features: float `(rows, size)`.
            emotion: int `(rows,)`.

        Returns:
            `log(alpha)` and `log(1 - alpha)`, float32 `(rows,)` each. A category without emotion
            words has no choice to make: both are 0, and the one softmax there is stays as it is.
        """
        logit = tf.matmul(tf.cast(features, tf.float32), self.gate_kernel) + self.gate_bias
        logit = tf.squeeze(logit, 1)
        has_words = tf.gather(tf.reduce_max(self.emotion_words, axis=1) > 0, emotion)
        return (
            tf.where(has_words, tf.math.log_sigmoid(logit), 0.0),
            tf.where(has_words, tf.math.log_sigmoid(-logit), 0.0),
        )

    def call(self, features, emotion):
        """See the class."""
        logits = self.logits(features)
        emotional = self.is_emotion_word(emotion)
        log_alpha, log_rest = self.gate(features, emotion)
        shift_emotional = log_alpha - losses.masked_logsumexp(logits, emotional)
        shift_generic = log_rest - losses.masked_logsumexp(logits, ~emotional)
        return logits + tf.where(emotional, shift_emotional[:, None], shift_generic[:, None])

    def _split(self, features, emotion, targets):
        """What the losses share: -log of the gate's right choice, and who competes with whom."""
        emotion = tf.cast(emotion, tf.int32)
        flat = emotion * self.vocabulary_size + targets
        emotional = tf.gather(tf.reshape(self.emotion_words, [-1]), flat) > 0
        log_alpha, log_rest = self.gate(features, emotion)

        def same_class(chunk):
            return self.is_emotion_word(emotion[chunk]) == emotional[chunk, None]

        return -tf.where(emotional, log_alpha, log_rest), same_class

    def nll(self, features, emotion, targets):
        """See `VocabularyOutput.nll`."""
        gate_nll, same_class = self._split(features, emotion, targets)
        word_nll = losses.projected_nll(features, self.kernel, self.bias, targets, same_class)
        return tf.stop_gradient(gate_nll) + word_nll

    def training_losses(self, features, emotion, targets, weights):
        """See `VocabularyOutput.training_losses`; `gate` is the second term of eq. 15."""
        gate_nll, same_class = self._split(features, emotion, targets)
        words, word_nll = losses.weighted_nll(
            features, self.kernel, self.bias, targets, weights, same_class
        )
        gate = tf.reduce_sum(weights * gate_nll)
        nll = tf.stop_gradient(gate_nll) + word_nll
        return {"cross_entropy": words + gate, "gate": gate}, nll

    def get_config(self):
        """Constructor arguments."""
        return {**super().get_config(), "categories": self.categories}
