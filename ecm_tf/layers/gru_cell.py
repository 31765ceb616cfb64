"""The GRU of the original program, one layer and stacked."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("ecm_tf")
class GRUCell(keras.layers.Layer):
    """A GRU layer that resets the state before the candidate's product (Cho et al. 2014).

        r, u = sigmoid(x W_ru + h U_ru + b_ru)
        c    = tanh(x W_c + (r * h) U_c + b_c)
        h'   = u * h + (1 - u) * c

    `project` holds all that depends on the input alone, so that a sequence known beforehand is
    projected in one product outside the loop; `recur` is what is left for the loop.

    Args:
        units: size of the state.

    Call arguments:
        inputs: float `(batch, input_size)`.
        states: list of one float `(batch, units)`.

    Returns:
        The new state, `(batch, units)`, and `[new state]`.
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        if units < 1:
            raise ValueError(f"`units` must be positive. Received: units={units}")
        self.units = units
        self.state_size = [units]
        self.output_size = units

    def build(self, inputs_shape, states_shape=None):
        """Creates the weights. Gate biases start at 1, so that a new cell remembers."""
        units = self.units
        self.kernel = self.add_weight(name="kernel", shape=(inputs_shape[-1], 3 * units))
        self.gate_kernel = self.add_weight(name="gate_kernel", shape=(units, 2 * units))
        self.candidate_kernel = self.add_weight(name="candidate_kernel", shape=(units, units))
        self.bias = self.add_weight(name="bias", shape=(3 * units,), initializer=self._bias_start)

    def _bias_start(self, shape, dtype=None):
        gates = ops.ones((2 * self.units,), dtype)
        return ops.concatenate([gates, ops.zeros((self.units,), dtype)])

    def project(self, inputs):
        """The input's share of r, u and c: float `(…, input_size)` → `(…, 3 * units)`."""
        return ops.matmul(inputs, self.kernel) + self.bias

    def recur(self, projected, states):
        """One step from what `project` gave; returns as `call` does."""
        (state,) = states
        gates = projected[:, : 2 * self.units] + ops.matmul(state, self.gate_kernel)
        reset, update = ops.split(ops.sigmoid(gates), 2, axis=-1)
        candidate = ops.tanh(
            projected[:, 2 * self.units :] + ops.matmul(reset * state, self.candidate_kernel)
        )
        state = update * state + (1 - update) * candidate
        return state, [state]

    def call(self, inputs, states):
        """See the class."""
        return self.recur(self.project(inputs), states)

    def get_initial_state(self, batch_size=None):
        """Zeros, `[(batch_size, units)]`."""
        return [ops.zeros((batch_size, self.units), self.compute_dtype)]

    def get_config(self):
        """Constructor arguments."""
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable("ecm_tf")
class StackedGRUCell(keras.layers.Layer):
    """Several `GRUCell`s, each fed by the one below.

    Args:
        units: size of every state.
        num_layers: at least 1.

    Call arguments:
        inputs: float `(batch, input_size)`.
        states: list of `num_layers` floats `(batch, units)`, lowest layer first.

    Returns:
        The top layer's new state, `(batch, units)`, and the list of new states.
    """

    def __init__(self, units, num_layers=1, **kwargs):
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

    def build(self, inputs_shape, states_shape=None):
        """Builds the layers."""
        self.cells[0].build(inputs_shape)
        for cell in self.cells[1:]:
            cell.build((None, self.units))

    @property
    def kernel(self):
        """Of the input, `(input_size, 3 * units)`."""
        return self.cells[0].kernel

    @property
    def bias(self):
        """Of the lowest layer, `(3 * units,)`."""
        return self.cells[0].bias

    def project(self, inputs):
        """The input's share of the lowest layer: `(…, input_size)` → `(…, 3 * units)`."""
        return self.cells[0].project(inputs)

    def recur(self, projected, states):
        """One step from what `project` gave; returns as `call` does."""
        output, lowest = self.cells[0].recur(projected, states[:1])
        new_states = list(lowest)
        for cell, state in zip(self.cells[1:], states[1:], strict=True):
            output, upper = cell(output, [state])
            new_states += upper
        return output, new_states

    def call(self, inputs, states):
        """See the class."""
        return self.recur(self.project(inputs), states)

    def get_initial_state(self, batch_size=None):
        """Zeros for every layer."""
        return [state for cell in self.cells for state in cell.get_initial_state(batch_size)]

    def get_config(self):
        """Constructor arguments."""
        return {**super().get_config(), "units": self.units, "num_layers": self.num_layers}
