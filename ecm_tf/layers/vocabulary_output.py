"""The plain output layer: one softmax over the response vocabulary."""

from typing import Any

import keras
import tensorflow as tf

from ecm_tf.layers import losses


@keras.saving.register_keras_serializable("ecm_tf")
class VocabularyOutput(keras.layers.Layer):
    """A softmax over all words (ECM, eq. 2).

        P(w) = softmax(o W + b)

    Calling the layer gives the distribution of one decoding step. Training uses `training_losses`
    and evaluation uses `nll`; both compute the probability of the target only.

    Args:
        vocabulary_size: number of words, at least 1.

    Call arguments:
        features: float `(rows, size)`.
        emotion: int `(rows,)`; ignored, because this output does not depend on the emotion.

    Returns:
        float32 `(rows, vocabulary_size)`, log-probabilities in nats.

    Raises:
        ValueError: `vocabulary_size` is below 1.

    Examples:
        output = VocabularyOutput(vocabulary_size=11)
        log_probs = output(keras.random.normal([2, 5]))
    """

    def __init__(self, vocabulary_size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if vocabulary_size < 1:
            raise ValueError(
                f"`vocabulary_size` must be positive. Received: vocabulary_size={vocabulary_size}"
            )
        self.vocabulary_size = vocabulary_size

    def build(self, features_shape: Any, emotion_shape: Any = None) -> None:
        """Creates the projection. Its layout, `(size, vocabulary_size)`, decodes fastest."""
        words = self.vocabulary_size
        # The projection stays float32 under mixed precision; the losses cast it chunk by chunk.
        self.kernel = self.add_weight(
            name="kernel", shape=(features_shape[-1], words), autocast=False
        )
        self.bias = self.add_weight(
            name="bias", shape=(words,), initializer="zeros", autocast=False
        )

    def logits(self, features: tf.Tensor) -> tf.Tensor:
        """Returns `features kernel + bias`, float32 `(rows, vocabulary_size)`."""
        products = tf.matmul(features, tf.cast(self.kernel, features.dtype))
        return tf.nn.bias_add(tf.cast(products, tf.float32), self.bias)

    def prepare_steps(self, emotion: tf.Tensor | None) -> Any:
        """Computes what all decoding steps of a reply share.

        Args:
            emotion: int32 `(rows,)`, in `[0, categories)`.

        Returns:
            The constants for `log_probs`, whose rows are in the same order.
        """
        return ()

    def log_probs(self, features: tf.Tensor, constants: Any) -> tf.Tensor:
        """Returns the distribution of one decoding step.

        Args:
            features: float `(rows, size)`.
            constants: the result of `prepare_steps`.

        Returns:
            float32 `(rows, vocabulary_size)`, log-probabilities in nats.
        """
        return tf.nn.log_softmax(self.logits(features))

    def call(self, features: tf.Tensor, emotion: tf.Tensor | None = None) -> tf.Tensor:
        """Returns log-probabilities; see the class for shapes."""
        return self.log_probs(features, self.prepare_steps(emotion))

    def nll(self, features: tf.Tensor, emotion: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        """Returns the negative log-likelihood of each target, without gradient.

        Args:
            features: float `(tokens, size)`.
            emotion: int `(tokens,)`, emotion of the response that the token belongs to.
            targets: int32 `(tokens,)`, in `[0, vocabulary_size)`.

        Returns:
            float32 `(tokens,)`, in nats.
        """
        return losses.projected_nll(features, self.kernel, self.bias, targets)

    def training_losses(
        self,
        features: tf.Tensor,
        emotion: tf.Tensor,
        targets: tf.Tensor,
        weights: tf.Tensor,
        label_smoothing: float = 0.0,
    ) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """Returns the loss terms that training minimises.

        Args:
            features, emotion, targets: as for `nll`.
            weights: float32 `(tokens,)`, 0 or more.
            label_smoothing: share of the cross-entropy that is the mean over all words instead of
                the target's, in [0, 1).

        Returns:
            The weighted sums whose total is the loss, float32 scalars by name, and the
            cross-entropy of each target, float32 `(tokens,)`, without gradient: without label
            smoothing, the result of `nll`.
        """
        total, nll = losses.weighted_nll(
            features, self.kernel, self.bias, targets, weights, smoothing=label_smoothing
        )
        return {"cross_entropy": total}, nll

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {**super().get_config(), "vocabulary_size": self.vocabulary_size}
