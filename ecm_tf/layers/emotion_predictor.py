"""Emotion predictor: from an encoded post to the emotion of its reply."""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from ecm_tf.layers.masking import IMPOSSIBLE


@keras.saving.register_keras_serializable("ecm_tf")
class EmotionPredictor(keras.layers.Layer):
    """Predicts the emotion of the reply from the encoded post.

        logits = W tanh(V [mean_i values_i, max_i values_i, state] + a) + b
        P(e | x) = softmax(logits)

    Mean and maximum run over the positions that are not masked; for a post without any, both are 0.
    Gradients stop at the inputs, so that the encoder does not learn from the prediction.

    Args:
        categories: number of emotion categories, at least 1.
        units: size of the hidden layer, at least 1.

    Call arguments:
        values: float `(batch, length, value_size)`, encoder outputs.
        state: float `(batch, state_size)`, the encoder's final state.
        mask: bool `(batch, length)`, False at masked positions.

    Returns:
        float32 `(batch, categories)`, logits.

    Raises:
        ValueError: `categories` or `units` is below 1.

    Examples:
        values, state = keras.random.normal([2, 5, 6]), keras.random.normal([2, 6])
        logits = EmotionPredictor(categories=6, units=4)(values, state, mask=tf.fill([2, 5], True))
    """

    def __init__(self, categories: int, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if categories < 1 or units < 1:
            raise ValueError(
                "`categories` and `units` must be positive. "
                f"Received: categories={categories}, units={units}"
            )
        self.categories = categories
        self.units = units
        dtype = self.dtype_policy
        self.hidden = keras.layers.Dense(units, activation="tanh", dtype=dtype, name="hidden")
        self.logits = keras.layers.Dense(categories, dtype=dtype, name="logits")

    def build(self, values_shape: Any, state_shape: Any, mask_shape: Any = None) -> None:
        """Creates the weights."""
        self.hidden.build((None, 2 * values_shape[-1] + state_shape[-1]))
        self.logits.build((None, self.units))

    def call(self, values: tf.Tensor, state: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        """Returns the logits, float32 `(batch, categories)`."""
        values, state = (ops.cast(ops.stop_gradient(x), "float32") for x in (values, state))
        real = ops.expand_dims(ops.cast(mask, "float32"), -1)
        count = ops.sum(real, axis=1)
        mean = ops.sum(values * real, axis=1) / ops.maximum(count, 1.0)
        # Unlike `ops.max`, it accepts an empty batch.
        maximum = tf.reduce_max(ops.where(real > 0, values, IMPOSSIBLE), axis=1)
        maximum = ops.where(count > 0, maximum, 0.0)
        pooled = ops.concatenate([mean, maximum, state], axis=-1)
        return ops.cast(self.logits(self.hidden(pooled)), "float32")

    def loss(self, logits: tf.Tensor, emotion: tf.Tensor) -> tf.Tensor:
        """Returns the mean cross-entropy of a batch, in nats; 0 for an empty batch.

        Args:
            logits: float32 `(batch, categories)`.
            emotion: int32 `(batch,)`, the emotions of the replies, in `[0, categories)`.

        Returns:
            float32 scalar.
        """
        nll = tf.nn.sparse_softmax_cross_entropy_with_logits(emotion, logits)
        return tf.reduce_sum(nll) / tf.cast(tf.maximum(tf.size(nll), 1), tf.float32)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {**super().get_config(), "categories": self.categories, "units": self.units}
