"""Emotion embedding: a learned vector for every emotion category."""

from typing import Any

import keras
import tensorflow as tf
from keras import ops


@keras.saving.register_keras_serializable("ecm_tf")
class EmotionEmbedding(keras.layers.Layer):
    """The vector of each example's emotion category (ECM, section "Emotion Category Embedding").

        v_e = V[e]

    The decoder receives the vector at every step, beside the word. With `size=memory_size`, the
    same layer holds the initial internal memory of each category.

    It computes the same as `keras.layers.Embedding(categories, size)`. It exists to name the module
    of the paper: its arguments and errors name categories. The table starts with `glorot_uniform`,
    the `Embedding` of Keras with `uniform`.

    Args:
        categories: number of emotion categories, at least 1.
        size: size of a vector, at least 1.

    Call arguments:
        emotion: int `(batch,)`, in `[0, categories)`.

    Returns:
        float `(batch, size)`.

    Raises:
        ValueError: `categories` or `size` is below 1.

    Examples:
        vectors = EmotionEmbedding(categories=6, size=4)(tf.constant([0, 5]))
    """

    def __init__(self, categories: int, size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if categories < 1 or size < 1:
            raise ValueError(
                "`categories` and `size` must be positive. "
                f"Received: categories={categories}, size={size}"
            )
        self.categories = categories
        self.size = size

    def build(self, emotion_shape: Any) -> None:
        """Creates the table, `(categories, size)`."""
        self.embeddings = self.add_weight(
            name="embeddings", shape=(self.categories, self.size), initializer="glorot_uniform"
        )

    def call(self, emotion: tf.Tensor) -> tf.Tensor:
        """Returns the vector of each example, float `(batch, size)`."""
        return ops.take(self.embeddings, ops.cast(emotion, "int32"), axis=0)

    def compute_output_shape(self, emotion_shape: Any) -> tuple[int | None, ...]:
        """Returns `(batch, size)` for `(batch,)`."""
        return (*emotion_shape, self.size)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {**super().get_config(), "categories": self.categories, "size": self.size}
