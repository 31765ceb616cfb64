import keras
import numpy as np
import numpy_ecm
import pytest
from random_weights import randomize

from ecm_tf.layers import EmotionEmbedding, InternalMemoryGRUCell

RANDOM = np.random.default_rng(4)


def _cell(num_layers, scale=0.5):
    cell = InternalMemoryGRUCell(4, 3, num_layers)
    cell.build((None, 5))
    return randomize(cell, scale=scale)


def _states(num_layers, rows=2):
    hidden = [RANDOM.normal(size=[rows, 4]).astype("float32") for _ in range(num_layers)]
    return [*hidden, RANDOM.normal(size=[rows, 3]).astype("float32")]


@pytest.mark.parametrize("num_layers", [1, 2, 3])
def test_equals_numpy(num_layers):
    cell, states = _cell(num_layers), _states(num_layers)
    inputs = RANDOM.normal(size=[2, 5]).astype("float32")
    output, new = cell(inputs, states)
    *hidden, memory = states
    expected, new_memory = numpy_ecm.internal_memory_step(cell, inputs, hidden, memory)
    assert len(new) == num_layers + 1
    for got, expected_state in zip(new, [*expected, new_memory], strict=True):
        np.testing.assert_allclose(got, expected_state, atol=1e-6)
    np.testing.assert_array_equal(output, new[-2])


def test_memory_never_grows():
    cell, states = _cell(2, scale=5.0), _states(2, rows=8)
    for _ in range(10):
        before = np.abs(states[-1])
        _, states = cell(RANDOM.normal(size=[8, 5]).astype("float32"), states)
        assert (np.abs(states[-1]) <= before).all()
    assert (np.abs(states[-1]) < np.abs(before)).any()


def test_a_zero_memory_has_no_effect():
    cell, states = _cell(1), _states(1)
    inputs = RANDOM.normal(size=[2, 5]).astype("float32")
    without, _ = cell.gru(inputs, states[:1])
    with_zeros, new = cell(inputs, [states[0], np.zeros([2, 3], "float32")])
    np.testing.assert_allclose(with_zeros, without, atol=1e-6)
    np.testing.assert_array_equal(new[-1], np.zeros([2, 3]))
    assert np.abs(cell(inputs, states)[0] - without).max() > 1e-3


def test_gate_biases_start_at_one():
    cell = InternalMemoryGRUCell(4, 3)
    cell.build((None, 5))
    np.testing.assert_array_equal(cell.read_bias, np.ones(3))
    np.testing.assert_array_equal(cell.write_gate.bias, np.ones(3))


def test_initial_memory_is_all_ones():
    hidden, memory = InternalMemoryGRUCell(4, 3).get_initial_state(2)
    np.testing.assert_array_equal(hidden, np.zeros([2, 4]))
    np.testing.assert_array_equal(memory, np.ones([2, 3]))


def test_in_another_keras_model(tmp_path):
    """A tagger with an internal memory, made of Keras layers and this cell."""
    words, emotion = keras.Input([None], dtype="int32"), keras.Input([], dtype="int32")
    embed, start, tag = keras.layers.Embedding(10, 5), keras.layers.Dense(4), keras.layers.Dense(2)
    memories = EmotionEmbedding(6, 3)
    rnn = keras.layers.RNN(InternalMemoryGRUCell(4, 3), return_sequences=True)
    memory = memories(emotion)
    tags = tag(rnn(embed(words), initial_state=[start(memory), memory]))
    model = keras.Model([words, emotion], tags)

    inputs = [RANDOM.integers(0, 10, [4, 6]), np.array([0, 1, 5, 5])]
    targets = RANDOM.integers(0, 2, [4, 6])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    before = [weight.numpy() for weight in model.trainable_weights]
    model.fit(inputs, targets, verbose=0)
    for old, weight in zip(before, model.trainable_weights, strict=True):
        assert np.isfinite(weight.numpy()).all(), weight.path
        assert not np.array_equal(old, weight.numpy()), weight.path

    memory = memories(inputs[1])
    states, vectors, outputs = [start(memory), memory], embed(inputs[0]), model(inputs)
    for t in range(6):
        output, states = rnn.cell(vectors[:, t], states)
        np.testing.assert_allclose(tag(output), outputs[:, t], atol=1e-5)

    model.save(tmp_path / "tagger.keras")
    loaded = keras.models.load_model(tmp_path / "tagger.keras")
    np.testing.assert_array_equal(loaded(inputs), outputs)
