"""Half-precision weights of a SavedModel that computes in float32."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf


class StoredWeights(tf.Module):
    """Copy of a model's weights in another dtype.

    Args:
        model: model that computes in float32.
        dtype: `float16` or `bfloat16`.
    """

    def __init__(self, model: keras.Model, dtype: str) -> None:
        super().__init__()
        self._weights = model.weights
        self._stored = [
            tf.Variable(tf.cast(weight.value, dtype), trainable=False) for weight in model.weights
        ]

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Returns a function that computes the same with the stored weights.

        Each call casts them to float32 once, before any loop.

        Args:
            function: graph code that uses the model.
        """

        def with_stored_weights(*arguments: tf.Tensor) -> Any:
            pairs = zip(self._weights, self._stored, strict=True)
            values = [(weight, tf.cast(stored, weight.dtype)) for weight, stored in pairs]
            with keras.StatelessScope(state_mapping=values):
                return function(*arguments)

        return with_stored_weights
