"""Internal memory: an emotional state that the decoder uses up while it speaks."""

import keras
from keras import ops

from ecm_tf.layers.gru_cell import StackedGRUCell


@keras.saving.register_keras_serializable("ecm_tf")
class InternalMemoryGRUCell(keras.layers.Layer):
    """A stack of GRU layers whose lowest reads a memory that every step uses up (ECM, eq. 5-9).

        g_r = sigmoid([x, h] W_r + b_r)      read gate, from the input and all layers' states
        h'  = GRU([x, g_r * M], h)           only what was read enters the lowest layer
        g_w = sigmoid(h' W_w + b_w)          write gate, from all layers' new states
        M'  = g_w * M                        every entry can only shrink

    It is a Keras cell: `keras.layers.RNN(cell)` runs it, with the memory as the last entry of
    `initial_state` (an `EmotionEmbedding` of `memory_size` gives each category its own).

    As in the original program, `x` is the whole cell input (word, context and, if that module is
    on, emotion vector), and the gates see the states of all layers; the paper's eq. 5-6 name fewer.

    Args:
        units: size of every layer's state.
        memory_size: size of the memory.
        num_layers: at least 1.

    Call arguments:
        inputs: float `(batch, input_size)`.
        states: list of `num_layers` floats `(batch, units)`, lowest layer first, and the memory,
            float `(batch, memory_size)`.

    Returns:
        The top layer's new state, `(batch, units)`, and the list of new states, memory last.

    Example:
        cell = InternalMemoryGRUCell(units=8, memory_size=4)
        memory = EmotionEmbedding(categories=6, size=4)(emotion)
        outputs = keras.layers.RNN(cell, return_sequences=True)(
            words, initial_state=[keras.ops.zeros((batch_size, 8)), memory]
        )
    """

    def __init__(self, units, memory_size, num_layers=1, **kwargs):
        super().__init__(**kwargs)
        if memory_size < 1:
            raise ValueError(f"`memory_size` must be positive. Received: memory_size={memory_size}")
        self.units = units
        self.memory_size = memory_size
        self.num_layers = num_layers
        self.gru = StackedGRUCell(units, num_layers, dtype=self.dtype_policy, name="gru")
        self.write_gate = keras.layers.Dense(
            memory_size,
            activation="sigmoid",
            bias_initializer="ones",
            dtype=self.dtype_policy,
            name="write_gate",
        )
        self.state_size = [*self.gru.state_size, memory_size]
        self.output_size = units

    def build(self, inputs_shape, states_shape=None):
        """Creates the weights. Gate biases start at 1: a new cell keeps its memory."""
        hidden_size = self.units * self.num_layers
        self.gru.build(inputs_shape)
        self.write_gate.build((None, hidden_size))
        self.memory_kernel = self.add_weight(
            name="memory_kernel", shape=(self.memory_size, 3 * self.units)
        )
        self.read_input_kernel = self.add_weight(
            name="read_input_kernel", shape=(inputs_shape[-1], self.memory_size)
        )
        self.read_state_kernel = self.add_weight(
            name="read_state_kernel", shape=(hidden_size, self.memory_size)
        )
        self.read_bias = self.add_weight(
            name="read_bias", shape=(self.memory_size,), initializer="ones"
        )

    @property
    def kernel(self):
        """Of the input, for GRU and read gate: `(input_size, 3 * units + memory_size)`."""
        return ops.concatenate([self.gru.kernel, self.read_input_kernel], axis=-1)

    @property
    def bias(self):
        """Of GRU and read gate, `(3 * units + memory_size,)`."""
        return ops.concatenate([self.gru.bias, self.read_bias], axis=-1)

    def project(self, inputs):
        """The input's share: `(…, input_size)` → `(…, 3 * units + memory_size)`."""
        return ops.matmul(inputs, self.kernel) + self.bias

    def recur(self, projected, states):
        """One step from what `project` gave; returns as `call` does."""
        *hidden, memory = states
        for_gru, for_gate = ops.split(projected, [3 * self.units], axis=-1)
        read = self._read(for_gate, hidden, memory)
        output, hidden = self.gru.recur(for_gru + ops.matmul(read, self.memory_kernel), hidden)
        return output, [*hidden, self._write(hidden, memory)]

    def _read(self, for_gate, hidden, memory):
        """Scales the memory by what this step needs of it (ECM, eq. 5 and 7)."""
        query = ops.concatenate(hidden, axis=-1)
        return ops.sigmoid(for_gate + ops.matmul(query, self.read_state_kernel)) * memory

    def _write(self, hidden, memory):
        """Scales the memory by what is left after this step (ECM, eq. 6 and 8)."""
        return self.write_gate(ops.concatenate(hidden, axis=-1)) * memory

    def call(self, inputs, states):
        """See the class."""
        return self.recur(self.project(inputs), states)

    def get_initial_state(self, batch_size=None):
        """Zero states and, as last entry, a full memory of ones."""
        memory = ops.ones((batch_size, self.memory_size), self.compute_dtype)
        return [*self.gru.get_initial_state(batch_size), memory]

    def get_config(self):
        """Constructor arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "memory_size": self.memory_size,
            "num_layers": self.num_layers,
        }
