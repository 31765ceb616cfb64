"""Weights that lie in a SavedModel in half precision, and compute in float32."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf


class StoredWeights(tf.Module):
    """A model's weights in another dtype.

    Args:
        model: computes in float32.
        dtype: `float16` or `bfloat16`.
    """

    def __init__(self, model: keras.Model, dtype: str) -> None:
        super().__init__()
        self._weights = model.weights
        self._stored = [
            tf.Variable(tf.cast(weight.value, dtype), trainable=False) for weight in model.weights
        ]

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, computed with the stored weights.

        They are turned into float32 once a call, before any loop.
        """

        def with_stored(*arguments):
            pairs = zip(self._weights, self._stored, strict=True)
            values = [(weight, tf.cast(stored, weight.dtype)) for weight, stored in pairs]
            with keras.StatelessScope(state_mapping=values):
                return function(*arguments)

        return with_stored
