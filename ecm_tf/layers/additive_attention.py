"""Attention over the post, with the decoder's states as the query."""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from ecm_tf.layers.masking import IMPOSSIBLE


@keras.saving.register_keras_serializable("ecm_tf")
class AdditiveAttention(keras.layers.Layer):
    """Bahdanau attention (ECM, eq. 3-4).

        weights = softmax_i(v . tanh(values_i W_k + query W_q + b))
        context = sum_i weights_i values_i

    `keras.layers.AdditiveAttention` has no projections of query and keys. Here they belong to the
    layer, and `project_keys` computes the argument `keys` once for all decoding steps.

    Args:
        units: size of the projections, at least 1.

    Call arguments:
        query: float `(batch, query_size)`.
        values: float `(batch, length, value_size)`.
        keys: float `(batch, length, units)`, from `project_keys(values)`; computed if absent.
        mask: bool `(batch, length)`, False at masked positions; absent: no position is masked. If
            a row is all False, its context is the mean of its values.

    Returns:
        context float `(batch, value_size)` and weights float32 `(batch, length)`, which sum to 1.

    Raises:
        ValueError: `units` is below 1.

    Examples:
        query, values = keras.random.normal([2, 8]), keras.random.normal([2, 5, 6])
        context, weights = AdditiveAttention(units=4)(query, values)
    """

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if units < 1:
            raise ValueError(f"`units` must be positive. Received: units={units}")
        self.units = units
        self.supports_masking = True

    def build(
        self, query_shape: Any, values_shape: Any, keys_shape: Any = None, mask_shape: Any = None
    ) -> None:
        """Creates the weights."""
        self.key_kernel = self.add_weight(name="key_kernel", shape=(values_shape[-1], self.units))
        self.query_kernel = self.add_weight(
            name="query_kernel", shape=(query_shape[-1], self.units)
        )
        self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros")
        self.scale = self.add_weight(
            name="scale", shape=(self.units, 1), initializer="glorot_uniform"
        )

    def project_keys(self, values: tf.Tensor) -> tf.Tensor:
        """Returns `values W_k`: float `(batch, length, value_size)` → `(batch, length, units)`."""
        return ops.matmul(values, self.key_kernel)

    def call(
        self,
        query: tf.Tensor,
        values: tf.Tensor,
        keys: tf.Tensor | None = None,
        mask: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns context and weights; see the class for shapes."""
        if keys is None:
            keys = self.project_keys(values)
        query = ops.matmul(query, self.query_kernel) + self.bias
        scores = ops.matmul(ops.tanh(keys + ops.expand_dims(query, 1)), self.scale)
        scores = ops.cast(ops.squeeze(scores, -1), "float32")
        if mask is not None:
            scores = ops.where(mask, scores, IMPOSSIBLE)
        # keras.ops.softmax would warn about posts of one token.
        weights = tf.nn.softmax(scores)
        context = ops.matmul(ops.expand_dims(ops.cast(weights, values.dtype), 1), values)
        return ops.squeeze(context, 1), weights

    def compute_mask(self, *inputs: Any, **masks: Any) -> None:
        """Returns no mask, because the context has no positions."""
        return None

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {**super().get_config(), "units": self.units}
