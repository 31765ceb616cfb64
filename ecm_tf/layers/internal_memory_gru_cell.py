"""Internal memory: an emotional state that decays during decoding."""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from ecm_tf.layers.gru_cell import StackedGRUCell


@keras.saving.register_keras_serializable("ecm_tf")
class InternalMemoryGRUCell(keras.layers.Layer):
    """A stack of GRU layers whose lowest reads an internal memory (ECM, eq. 5-9).

        g_r = sigmoid([x, h] W_r + b_r)      read gate; h: the states of all layers
        h'  = GRU([x, g_r * M], h)           the lowest layer reads the gated memory
        g_w = sigmoid(h' W_w + b_w)          write gate; h': the new states of all layers
        M'  = g_w * M                        no entry can grow

    It is a Keras cell: `keras.layers.RNN(cell)` runs it, with the memory as the last entry of
    `initial_state`. An `EmotionEmbedding` of size `memory_size` provides the initial memory of each
    category.

    As in the original program, `x` is the whole cell input (word, context and, if that module is
    on, emotion vector), and the gates depend on the states of all layers. In eq. 5-6 of the paper
    they depend on fewer inputs.

    Args:
        units: size of every layer's state, at least 1.
        memory_size: size of the memory, at least 1.
        num_layers: number of layers, at least 1.
        dropout: share of each layer's output that is dropped before the next layer in training, in
            [0, 1].

    Call arguments:
        inputs: float `(batch, input_size)`.
        states: list of `num_layers` floats `(batch, units)`, lowest layer first, and the memory,
            float `(batch, memory_size)`.

    Returns:
        The top layer's new state, float `(batch, units)`, and the list of new states, memory last.

    Raises:
        ValueError: `units`, `memory_size` or `num_layers` is below 1, or `dropout` is out of
            range.

    Examples:
        ```python
        words, emotion = keras.random.normal([2, 5, 3]), tf.constant([0, 4])
        cell = InternalMemoryGRUCell(units=8, memory_size=4)
        memory = EmotionEmbedding(categories=6, size=4)(emotion)
        outputs = keras.layers.RNN(cell, return_sequences=True)(
            words, initial_state=[keras.ops.zeros([2, 8]), memory]
        )
        ```
    """

    def __init__(
        self,
        units: int,
        memory_size: int,
        num_layers: int = 1,
        dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if memory_size < 1:
            raise ValueError(f"`memory_size` must be positive. Received: memory_size={memory_size}")
        self.units = units
        self.memory_size = memory_size
        self.num_layers = num_layers
        self.gru = StackedGRUCell(units, num_layers, dropout, dtype=self.dtype_policy, name="gru")
        self.write_gate = keras.layers.Dense(
            memory_size,
            activation="sigmoid",
            bias_initializer="ones",
            dtype=self.dtype_policy,
            name="write_gate",
        )
        self.state_size = [*self.gru.state_size, memory_size]
        self.output_size = units

    def build(self, inputs_shape: Any, states_shape: Any = None) -> None:
        """Creates the weights. Gate biases start at 1, so that a new cell keeps its memory."""
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
    def kernel(self) -> tf.Tensor:
        """Input kernel of GRU and read gate, float `(input_size, 3 * units + memory_size)`."""
        return ops.concatenate([self.gru.kernel, self.read_input_kernel], axis=-1)

    @property
    def bias(self) -> tf.Tensor:
        """Bias of GRU and read gate, float `(3 * units + memory_size,)`."""
        return ops.concatenate([self.gru.bias, self.read_bias], axis=-1)

    def project_inputs(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns the terms of GRU and read gate that depend on the input: `x W + b`.

        Args:
            inputs: float `(…, input_size)`.

        Returns:
            float `(…, 3 * units + memory_size)`.
        """
        return ops.matmul(inputs, self.kernel) + self.bias

    def step(
        self, projected: tf.Tensor, states: list[tf.Tensor]
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Computes one step from a projected input.

        Args:
            projected: float `(batch, 3 * units + memory_size)`, from `project_inputs`.
            states: as for `call`.

        Returns:
            The same as `call`.
        """
        *hidden, memory = states
        gru_input, gate_input = ops.split(projected, [3 * self.units], axis=-1)
        read = self._read(gate_input, hidden, memory)
        output, hidden = self.gru.step(gru_input + ops.matmul(read, self.memory_kernel), hidden)
        return output, [*hidden, self._write(hidden, memory)]

    def _read(self, gate_input: tf.Tensor, hidden: list[tf.Tensor], memory: tf.Tensor) -> tf.Tensor:
        """Returns the memory times the read gate (ECM, eq. 5 and 7)."""
        query = ops.concatenate(hidden, axis=-1)
        return ops.sigmoid(gate_input + ops.matmul(query, self.read_state_kernel)) * memory

    def _write(self, hidden: list[tf.Tensor], memory: tf.Tensor) -> tf.Tensor:
        """Returns the memory times the write gate (ECM, eq. 6 and 8)."""
        return self.write_gate(ops.concatenate(hidden, axis=-1)) * memory

    def call(self, inputs: tf.Tensor, states: list[tf.Tensor]) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Computes one step; see the class for shapes."""
        return self.step(self.project_inputs(inputs), states)

    def get_initial_state(self, batch_size: Any = None) -> list[tf.Tensor]:
        """Returns zero states and, as the last entry, a memory of ones."""
        memory = ops.ones((batch_size, self.memory_size), self.compute_dtype)
        return [*self.gru.get_initial_state(batch_size), memory]

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "memory_size": self.memory_size,
            "num_layers": self.num_layers,
            "dropout": self.gru.dropout.rate,
        }
