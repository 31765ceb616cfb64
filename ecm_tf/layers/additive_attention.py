"""Attention over the post, with the decoder's states as the query."""

import keras
import tensorflow as tf
from keras import ops


@keras.saving.register_keras_serializable("ecm_tf")
class AdditiveAttention(keras.layers.Layer):
    """Bahdanau attention: `softmax_i(v . tanh(values_i W_k + query W_q + b))` (ECM, eq. 3-4).

    `project_keys` does what is the same at every step; give its result as `keys`.

    Args:
        units: size of the comparison, at least 1.

    Call arguments:
        query: float `(batch, query_size)`.
        values: float `(batch, length, value_size)`.
        keys: float `(batch, length, units)`, from `project_keys(values)`; computed if absent.
        mask: bool `(batch, length)`, where False nothing is read; everything is read if absent. A
            row without a True reads the mean of its values.

    Returns:
        context float `(batch, value_size)` and weights float32 `(batch, length)`, which sum to 1.
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        if units < 1:
            raise ValueError(f"`units` must be positive. Received: units={units}")
        self.units = units
        self.supports_masking = True

    def build(self, query_shape, values_shape, keys_shape=None, mask_shape=None):
        """Creates the weights."""
        self.key_kernel = self.add_weight(name="key_kernel", shape=(values_shape[-1], self.units))
        self.query_kernel = self.add_weight(
            name="query_kernel", shape=(query_shape[-1], self.units)
        )
        self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros")
        self.scale = self.add_weight(
            name="scale", shape=(self.units, 1), initializer="glorot_uniform"
        )

    def project_keys(self, values):
        """Float `(batch, length, value_size)` → `(batch, length, units)`."""
        return ops.matmul(values, self.key_kernel)

    def call(self, query, values, keys=None, mask=None):
        """See the class."""
        if keys is None:
            keys = self.project_keys(values)
        query = ops.matmul(query, self.query_kernel) + self.bias
        scores = ops.matmul(ops.tanh(keys + ops.expand_dims(query, 1)), self.scale)
        scores = ops.cast(ops.squeeze(scores, -1), "float32")
        if mask is not None:
            scores = ops.where(mask, scores, -1e9)
        # Not keras.ops.softmax, which warns of a post of one word.
        weights = tf.nn.softmax(scores)
        context = ops.matmul(ops.expand_dims(ops.cast(weights, values.dtype), 1), values)
        return ops.squeeze(context, 1), weights

    def compute_mask(self, *inputs, **masks):
        """The mask ends here: a context has no positions."""
        return None

    def get_config(self):
        """Constructor arguments."""
        return {**super().get_config(), "units": self.units}
