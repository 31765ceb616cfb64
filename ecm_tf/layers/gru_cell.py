"""The GRU of the original program, one layer and stacked."""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from ecm_tf.layers.dropout import Dropout


@keras.saving.register_keras_serializable("ecm_tf")
class GRUCell(keras.layers.Layer):
    """A GRU cell that applies the reset gate before the matmul (Cho et al. 2014).

        r, u = sigmoid(x W_ru + h U_ru + b_ru)
        c    = tanh(x W_c + (r * h) U_c + b_c)
        h'   = u * h + (1 - u) * c

    It computes what `keras.layers.GRUCell(units, reset_after=False)` computes, and differs in this:

    - The input projection is a method of its own. `project_inputs` projects a known sequence in one
      matmul outside the loop, and only `step` remains inside; Keras projects inside `call`.
    - `step` accepts a projection with further terms, by which `InternalMemoryGRUCell` adds the
      memory.
    - Gates are stored in the original program's order (reset, update; Keras: update, reset), with
      separate recurrent kernels of gates and candidate, so that its checkpoints map directly.
    - Gate biases start at 1, as in the original program, so that a new cell keeps its state.

    Args:
        units: size of the state, at least 1.

    Call arguments:
        inputs: float `(batch, input_size)`.
        states: list of one float `(batch, units)`.

    Returns:
        The new state, float `(batch, units)`, and a list of it.

    Raises:
        ValueError: `units` is below 1.

    Examples:
        outputs = keras.layers.RNN(GRUCell(units=8))(keras.random.normal([2, 5, 3]))
    """

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if units < 1:
            raise ValueError(f"`units` must be positive. Received: units={units}")
        self.units = units
        self.state_size = [units]
        self.output_size = units

    def build(self, inputs_shape: Any, states_shape: Any = None) -> None:
        """Creates the weights."""
        units = self.units
        self.kernel = self.add_weight(name="kernel", shape=(inputs_shape[-1], 3 * units))
        self.gate_kernel = self.add_weight(name="gate_kernel", shape=(units, 2 * units))
        self.candidate_kernel = self.add_weight(name="candidate_kernel", shape=(units, units))
        self.bias = self.add_weight(name="bias", shape=(3 * units,), initializer=self._initial_bias)

    def _initial_bias(self, shape: Any, dtype: Any = None) -> tf.Tensor:
        gates = ops.ones((2 * self.units,), dtype)
        return ops.concatenate([gates, ops.zeros((self.units,), dtype)])

    def project_inputs(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns the terms of r, u and c that depend on the input: `x W + b`.

        Args:
            inputs: float `(…, input_size)`.

        Returns:
            float `(…, 3 * units)`.
        """
        return ops.matmul(inputs, self.kernel) + self.bias

    def step(
        self, projected: tf.Tensor, states: list[tf.Tensor]
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Computes one step from a projected input.

        Args:
            projected: float `(batch, 3 * units)`, from `project_inputs`.
            states: as for `call`.

        Returns:
            The same as `call`.
        """
        (state,) = states
        gates, candidate = ops.split(projected, [2 * self.units], axis=-1)
        gates = ops.sigmoid(gates + ops.matmul(state, self.gate_kernel))
        reset, update = ops.split(gates, 2, axis=-1)
        candidate = ops.tanh(candidate + ops.matmul(reset * state, self.candidate_kernel))
        state = update * state + (1 - update) * candidate
        return state, [state]

    def call(self, inputs: tf.Tensor, states: list[tf.Tensor]) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Computes one step; see the class for shapes."""
        return self.step(self.project_inputs(inputs), states)

    def get_initial_state(self, batch_size: Any = None) -> list[tf.Tensor]:
        """Returns zeros, a list of one `(batch_size, units)`."""
        return [ops.zeros((batch_size, self.units), self.compute_dtype)]

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable("ecm_tf")
class StackedGRUCell(keras.layers.Layer):
    """A stack of `GRUCell`s; the output of each is the input of the next.

    Unlike `keras.layers.StackedRNNCells`, it exposes the input projection of its lowest layer
    (`kernel`, `bias`, `project_inputs`), so that it can be computed outside the loop.

    Args:
        units: size of the state of every layer, at least 1.
        num_layers: number of layers, at least 1.
        dropout: share of each layer's output that is dropped before the next layer in training, in
            [0, 1].

    Call arguments:
        inputs: float `(batch, input_size)`.
        states: list of `num_layers` floats `(batch, units)`, lowest layer first.

    Returns:
        The top layer's new state, float `(batch, units)`, and the list of new states.

    Raises:
        ValueError: `units` or `num_layers` is below 1, or `dropout` is out of range.

    Examples:
        cell = StackedGRUCell(units=8, num_layers=2)
        outputs = keras.layers.RNN(cell)(keras.random.normal([2, 5, 3]))
    """

    def __init__(
        self, units: int, num_layers: int = 1, dropout: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if num_layers < 1:
            raise ValueError(f"`num_layers` must be positive. Received: num_layers={num_layers}")
        self.units = units
        self.num_layers = num_layers
        self.state_size = [units] * num_layers
        self.output_size = units
        self.cells = [
            GRUCell(units, dtype=self.dtype_policy, name=f"layer_{index}")
            for index in range(num_layers)
        ]
        self.dropout = Dropout(dropout, dtype=self.dtype_policy, name="dropout")

    def build(self, inputs_shape: Any, states_shape: Any = None) -> None:
        """Creates the weights of all layers."""
        self.cells[0].build(inputs_shape)
        for cell in self.cells[1:]:
            cell.build((None, self.units))

    @property
    def kernel(self) -> tf.Tensor:
        """Input kernel of the lowest layer, float `(input_size, 3 * units)`."""
        return self.cells[0].kernel

    @property
    def bias(self) -> tf.Tensor:
        """Bias of the lowest layer, float `(3 * units,)`."""
        return self.cells[0].bias

    def project_inputs(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns the projected input of the lowest layer; see `GRUCell.project_inputs`."""
        return self.cells[0].project_inputs(inputs)

    def step(
        self, projected: tf.Tensor, states: list[tf.Tensor]
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Computes one step of all layers from a projected input; see `GRUCell.step`."""
        output, lowest = self.cells[0].step(projected, states[:1])
        new_states = list(lowest)
        for cell, state in zip(self.cells[1:], states[1:], strict=True):
            output, upper = cell(self.dropout(output), [state])
            new_states += upper
        return output, new_states

    def call(self, inputs: tf.Tensor, states: list[tf.Tensor]) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Computes one step; see the class for shapes."""
        return self.step(self.project_inputs(inputs), states)

    def get_initial_state(self, batch_size: Any = None) -> list[tf.Tensor]:
        """Returns zeros `(batch_size, units)` for every layer."""
        return [state for cell in self.cells for state in cell.get_initial_state(batch_size)]

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "num_layers": self.num_layers,
            "dropout": self.dropout.rate,
        }
