import keras
import numpy as np
import numpy_ecm
import pytest
import tensorflow as tf
from random_weights import randomize

from ecm_tf.layers import GRUCell, StackedGRUCell

RANDOM = np.random.default_rng(3)
INPUTS = RANDOM.normal(size=[3, 5]).astype("float32")
STATES = [RANDOM.normal(size=[3, 4]).astype("float32") for _ in range(3)]


def test_equals_numpy():
    cell = GRUCell(4)
    cell.build((None, 5))
    randomize(cell)
    output, (state,) = cell(INPUTS, STATES[:1])
    expected = numpy_ecm.GRU.of(cell).step(INPUTS, STATES[0])
    np.testing.assert_allclose(output, expected, atol=1e-6)
    np.testing.assert_array_equal(output, state)


def test_equals_the_equations_for_one_unit():
    cell = GRUCell(1)
    cell.build((None, 1))
    cell.kernel.assign([[0.5, -0.25, 2.0]])
    cell.gate_kernel.assign([[1.0, 0.75]])
    cell.candidate_kernel.assign([[-1.5]])
    cell.bias.assign([0.1, 0.2, 0.3])
    x, h = 0.6, -0.4
    reset = 1 / (1 + np.exp(-(0.5 * x + 1.0 * h + 0.1)))
    update = 1 / (1 + np.exp(-(-0.25 * x + 0.75 * h + 0.2)))
    candidate = np.tanh(2.0 * x + -1.5 * (reset * h) + 0.3)
    output, _ = cell(tf.constant([[x]]), [tf.constant([[h]])])
    np.testing.assert_allclose(output, [[update * h + (1 - update) * candidate]], rtol=1e-5)


def test_gate_biases_start_at_one():
    cell = GRUCell(4)
    cell.build((None, 5))
    np.testing.assert_array_equal(cell.bias, [1.0] * 8 + [0.0] * 4)


def test_projected_inputs_give_the_same_result():
    cell = GRUCell(4)
    cell.build((None, 5))
    randomize(cell)
    sequence = RANDOM.normal(size=[3, 6, 5]).astype("float32")
    projected = cell.project_inputs(sequence)
    assert projected.shape == (3, 6, 12)
    for t in range(6):
        np.testing.assert_allclose(
            cell.step(projected[:, t], STATES[:1])[0],
            cell(sequence[:, t], STATES[:1])[0],
            atol=1e-6,
        )


@pytest.mark.parametrize("num_layers", [1, 3])
def test_stack_equals_numpy(num_layers):
    stack = StackedGRUCell(4, num_layers)
    stack.build((None, 5))
    randomize(stack)
    output, new = stack(INPUTS, STATES[:num_layers])
    inputs = INPUTS
    for cell, state, got in zip(stack.cells, STATES, new, strict=False):
        inputs = numpy_ecm.GRU.of(cell).step(inputs, state)
        np.testing.assert_allclose(got, inputs, atol=1e-6)
    assert len(new) == num_layers
    np.testing.assert_array_equal(output, new[-1])


@pytest.mark.parametrize("cell", [GRUCell(4), StackedGRUCell(4, 2)], ids=["one", "stack"])
def test_in_a_keras_rnn(cell):
    sequence = RANDOM.normal(size=[3, 6, 5]).astype("float32")
    layer = keras.layers.RNN(cell, return_sequences=True)
    outputs = layer(sequence)
    states = cell.get_initial_state(3)
    for t in range(6):
        output, states = cell(sequence[:, t], states)
        np.testing.assert_allclose(outputs[:, t], output, atol=1e-6)
