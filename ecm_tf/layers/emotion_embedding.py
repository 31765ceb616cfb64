"""Emotion embedding: a learned vector for every emotion category."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("ecm_tf")
class EmotionEmbedding(keras.layers.Layer):
    """The vector of each example's emotion category (ECM, section "Emotion Category Embedding").

    The vector is fed to every step of the decoder, beside the word. With `size=memory_size` the
    same layer holds the starting point of each category's internal memory.

    Args:
        categories: how many there are, at least 1.
        size: of a vector, at least 1.

    Call arguments:
        emotion: int `(batch,)`, in `[0, categories)`.

    Returns:
        float `(batch, size)`.
    """

    def __init__(self, categories, size, **kwargs):
        super().__init__(**kwargs)
        if categories < 1 or size < 1:
            raise ValueError(
                "`categories` and `size` must be positive. "
                f"Received: categories={categories}, size={size}"
            )
        self.categories = categories
        self.size = size

    def build(self, emotion_shape):
        """Creates the table, `(categories, size)`."""
        self.embeddings = self.add_weight(
            name="embeddings", shape=(self.categories, self.size), initializer="glorot_uniform"
        )

    def call(self, emotion):
        """See the class."""
        return ops.take(self.embeddings, ops.cast(emotion, "int32"), axis=0)

    def compute_output_shape(self, emotion_shape):
        """`(batch,)` → `(batch, size)`."""
        return (*emotion_shape, self.size)

    def get_config(self):
        """Constructor arguments."""
        return {**super().get_config(), "categories": self.categories, "size": self.size}
