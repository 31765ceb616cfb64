"""External memory: a choice between emotion words and generic words at every step."""

from typing import Any, NamedTuple

import keras
import tensorflow as tf

from ecm_tf.layers import losses
from ecm_tf.layers.masking import additive_mask
from ecm_tf.layers.vocabulary_output import VocabularyOutput


class _StepConstants(NamedTuple):
    """What all steps of a reply share.

    Each tensor has a row for each reply. W is the vocabulary size, M the largest number of emotion
    words in any category.
    """

    has_words: tf.Tensor
    """Bool `(rows,)`: whether the row's emotion has emotion words."""
    is_emotion_word: tf.Tensor
    """Bool `(rows, W)`."""
    generic_mask: tf.Tensor
    """Float32 `(rows, W)`: masks emotion words in the logits."""
    ids: tf.Tensor
    """Int32 `(rows, M)`: ids of the emotion words, padded with other ids."""
    ids_mask: tf.Tensor
    """Float32 `(rows, M)`: masks the padding of `ids`."""


@keras.saving.register_keras_serializable("ecm_tf")
class ExternalMemoryOutput(VocabularyOutput):
    """Two softmaxes, over emotion words and over generic words, and a gate (ECM, eq. 10-14).

        alpha = sigmoid(o w + b)
        P(w)  = alpha * softmax over the emotion words of the category, if w is one of them
              = (1 - alpha) * softmax over all other words, otherwise

    A category without emotion words has one softmax over all words and no gate. All computations
    are in log space, so that a gate at 0 or 1 gives finite losses. Emotion words and generic words
    share one projection, so that an `embedding` serves both.

    Args:
        vocabulary_size: number of words, at least 1.
        categories: number of emotion categories, at least 1.
        embedding: as for `VocabularyOutput`.

    Call arguments:
        features: float `(rows, size)`.
        emotion: int `(rows,)`, in `[0, categories)`.

    Returns:
        float32 `(rows, vocabulary_size)`, log-probabilities in nats.

    Attributes:
        emotion_words: non-trainable float32 weight `(categories, vocabulary_size)`, 1 where a word
            is an emotion word of the category; all 0 until assigned. Saved with the other weights.

    Raises:
        ValueError: `vocabulary_size` or `categories` is below 1, or `vocabulary_size` is not the
            number of words of `embedding`.

    Examples:
        output = ExternalMemoryOutput(vocabulary_size=4, categories=2)
        output.build([None, 5])
        output.emotion_words.assign([[0, 0, 0, 0], [0, 0, 1, 1]])
        log_probs = output(keras.random.normal([3, 5]), tf.constant([0, 1, 1]))
    """

    def __init__(
        self,
        vocabulary_size: int,
        categories: int,
        embedding: keras.layers.Embedding | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(vocabulary_size, embedding, **kwargs)
        if categories < 1:
            raise ValueError(f"`categories` must be positive. Received: categories={categories}")
        self.categories = categories

    def build(self, features_shape: Any, emotion_shape: Any = None) -> None:
        """Creates the projection, the gate and the emotion words."""
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

    def gate(self, features: tf.Tensor, emotion: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the gate of every row, in log space.

        Args:
            features: float `(rows, size)`.
            emotion: int `(rows,)`, in `[0, categories)`.

        Returns:
            `log(alpha)` and `log(1 - alpha)`, float32 `(rows,)` each. Both are 0 for a category
            without emotion words, which leaves its only softmax unchanged.
        """
        return self._log_gate(features, tf.gather(self._has_words(), emotion))

    def _has_words(self) -> tf.Tensor:
        return tf.reduce_max(self.emotion_words, axis=1) > 0

    def _log_gate(self, features: tf.Tensor, has_words: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        logit = tf.matmul(tf.cast(features, tf.float32), self.gate_kernel) + self.gate_bias
        logit = tf.squeeze(logit, 1)
        return (
            tf.where(has_words, tf.math.log_sigmoid(logit), 0.0),
            tf.where(has_words, tf.math.log_sigmoid(-logit), 0.0),
        )

    def prepare_steps(self, emotion: tf.Tensor | None) -> _StepConstants:
        """Looks up the emotion words of each row; see `VocabularyOutput.prepare_steps`."""
        mask = self.emotion_words > 0
        # At least one column: TensorFlow Lite fails on empty tensors.
        most = tf.maximum(tf.reduce_max(tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)), 1)
        present, ids = tf.math.top_k(self.emotion_words, most)
        is_emotion_word = tf.gather(mask, emotion)
        return _StepConstants(
            has_words=tf.gather(self._has_words(), emotion),
            is_emotion_word=is_emotion_word,
            generic_mask=additive_mask(is_emotion_word),
            ids=tf.gather(ids, emotion),
            ids_mask=additive_mask(tf.gather(present, emotion) <= 0),
        )

    def log_probs(self, features: tf.Tensor, constants: _StepConstants) -> tf.Tensor:
        """Returns the distribution of one step; see `VocabularyOutput.log_probs`."""
        logits = self.logits(features)
        log_alpha, log_rest = self._log_gate(features, constants.has_words)
        emotion_logits = tf.gather(logits, constants.ids, batch_dims=1) + constants.ids_mask
        emotional = log_alpha - losses.log_partition(emotion_logits)
        generic = log_rest - losses.log_partition(logits + constants.generic_mask)
        return logits + tf.where(constants.is_emotion_word, emotional[:, None], generic[:, None])

    def _gate_nll_and_masks(
        self, features: tf.Tensor, emotion: tf.Tensor, targets: tf.Tensor
    ) -> tuple[tf.Tensor, losses.MaskedWords]:
        """Returns the gate's negative log-likelihood `(tokens,)`, and the words to mask."""
        emotion = tf.cast(emotion, tf.int32)
        flat = emotion * self.vocabulary_size + targets
        emotional = tf.gather(tf.reshape(self.emotion_words, [-1]), flat) > 0
        log_alpha, log_rest = self.gate(features, emotion)
        mask = self.emotion_words > 0
        # Each category has two classes: 2 * category for its generic words, then its emotion words.
        classes = 2 * emotion + tf.cast(emotional, tf.int32)
        masks = tf.reshape(tf.stack([mask, ~mask], axis=1), [-1, self.vocabulary_size])
        return -tf.where(emotional, log_alpha, log_rest), losses.MaskedWords(classes, masks)

    def nll(self, features: tf.Tensor, emotion: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        """Returns the negative log-likelihood of each target; see `VocabularyOutput.nll`."""
        gate_nll, masked_words = self._gate_nll_and_masks(features, emotion, targets)
        factors = self._factors(features)
        word_nll = losses.projected_nll(*factors, self.bias, targets, masked_words)
        return tf.stop_gradient(gate_nll) + word_nll

    def _mean_gate_nll(self, features: tf.Tensor, emotion: tf.Tensor) -> tf.Tensor:
        """Returns the gate's share of the mean negative log-likelihood of all words `(tokens,)`."""
        log_alpha, log_rest = self.gate(features, emotion)
        emotional = tf.gather(tf.reduce_mean(self.emotion_words, axis=1), emotion)
        return -(emotional * log_alpha + (1 - emotional) * log_rest)

    def training_losses(
        self,
        features: tf.Tensor,
        emotion: tf.Tensor,
        targets: tf.Tensor,
        weights: tf.Tensor,
        label_smoothing: float = 0.0,
        chunked: bool = True,
    ) -> dict[str, tf.Tensor]:
        """Returns the loss terms of training; see `VocabularyOutput.training_losses`.

        `cross_entropy` contains the gate's share of the target's probability. `gate` is the second
        term of eq. 15, the supervised loss of the gate, which is not smoothed.
        """
        gate_nll, masked_words = self._gate_nll_and_masks(features, emotion, targets)
        words = losses.weighted_nll(
            *self._factors(features),
            self.bias,
            targets,
            weights,
            masked_words,
            label_smoothing,
            chunked,
        )
        smoothed_nll = gate_nll
        if label_smoothing:
            mean_nll = self._mean_gate_nll(features, emotion)
            smoothed_nll = (1 - label_smoothing) * gate_nll + label_smoothing * mean_nll
        return {
            "cross_entropy": words + tf.reduce_sum(weights * smoothed_nll),
            "gate": tf.reduce_sum(weights * gate_nll),
        }

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {**super().get_config(), "categories": self.categories}
