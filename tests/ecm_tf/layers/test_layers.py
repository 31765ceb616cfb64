"""Requirements of all public layers. A new layer needs a case here."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from random_weights import randomize

from ecm_tf import layers

SIZE, LENGTH, UNITS, MEMORY, WORDS, CATEGORIES, ROWS = 5, 4, 6, 3, 11, 3, 2


def _floats(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=(ROWS, *shape)).astype("float32")


def _emotion():
    return np.array([2, 0], "int32")


def _set_emotion_words(layer):
    mask = np.zeros([CATEGORIES, WORDS], "float32")
    mask[:, 4:7] = 1
    layer.emotion_words.assign(mask)


CASES = {
    "AdditiveAttention": {
        "config": {"units": UNITS},
        "inputs": lambda: (_floats(UNITS), _floats(LENGTH, SIZE)),
        "dtypes": ["compute", "float32"],
        "wrong": [({"units": 0}, "`units` must be positive. Received: units=0")],
    },
    "EmotionEmbedding": {
        "config": {"categories": CATEGORIES, "size": SIZE},
        "inputs": lambda: (_emotion(),),
        "dtypes": ["compute"],
        "wrong": [
            ({"categories": 0, "size": SIZE}, "must be positive. Received: categories=0, size=5"),
            ({"categories": 3, "size": -1}, "must be positive. Received: categories=3, size=-1"),
        ],
    },
    "EmotionPredictor": {
        "config": {"categories": CATEGORIES, "units": UNITS},
        "inputs": lambda: (
            _floats(LENGTH, SIZE),
            _floats(UNITS),
            np.array([[True, True, False, True], [False] * LENGTH]),
        ),
        "dtypes": ["float32"],
        "wrong": [
            ({"categories": 0, "units": 2}, "must be positive. Received: categories=0, units=2"),
            ({"categories": 2, "units": 0}, "must be positive. Received: categories=2, units=0"),
        ],
    },
    "ExternalMemoryOutput": {
        "config": {"vocabulary_size": WORDS, "categories": CATEGORIES},
        "inputs": lambda: (_floats(SIZE), _emotion()),
        "dtypes": ["float32"],
        "prepare": _set_emotion_words,
        "wrong": [
            ({"vocabulary_size": 0, "categories": 1}, "Received: vocabulary_size=0"),
            (
                {"vocabulary_size": 5, "categories": 0},
                "`categories` must be positive. Received: categories=0",
            ),
        ],
    },
    "GRUCell": {
        "config": {"units": UNITS},
        "inputs": lambda: (_floats(SIZE), [_floats(UNITS)]),
        "dtypes": ["compute", "compute"],
        "wrong": [({"units": -3}, "`units` must be positive. Received: units=-3")],
    },
    "InternalMemoryGRUCell": {
        "config": {"units": UNITS, "memory_size": MEMORY, "num_layers": 2},
        "inputs": lambda: (_floats(SIZE), [_floats(UNITS), _floats(UNITS), _floats(MEMORY)]),
        "dtypes": ["compute"] * 4,
        "wrong": [
            (
                {"units": 1, "memory_size": 0},
                "`memory_size` must be positive. Received: memory_size=0",
            ),
            ({"units": 0, "memory_size": 1}, "`units` must be positive. Received: units=0"),
            ({"units": 1, "memory_size": 1, "num_layers": 0}, "Received: num_layers=0"),
        ],
    },
    "StackedGRUCell": {
        "config": {"units": UNITS, "num_layers": 2},
        "inputs": lambda: (_floats(SIZE), [_floats(UNITS), _floats(UNITS)]),
        "dtypes": ["compute"] * 3,
        "wrong": [
            ({"units": 0}, "`units` must be positive. Received: units=0"),
            (
                {"units": 1, "num_layers": 0},
                "`num_layers` must be positive. Received: num_layers=0",
            ),
        ],
    },
    "VocabularyOutput": {
        "config": {"vocabulary_size": WORDS},
        "inputs": lambda: (_floats(SIZE), _emotion()),
        "dtypes": ["float32"],
        "wrong": [({"vocabulary_size": 0}, "must be positive. Received: vocabulary_size=0")],
    },
}


def _make(case, **kwargs):
    return getattr(layers, case)(**{**CASES[case]["config"], **kwargs})


def _inputs(name, dtype="float32"):
    """Returns the inputs of the case, with floats in the given dtype."""
    return tf.nest.map_structure(
        lambda x: tf.cast(x, dtype) if x.dtype == np.float32 else tf.constant(x),
        CASES[name]["inputs"](),
    )


def _built(name, **kwargs):
    layer = _make(name, **kwargs)
    layer(*_inputs(name, layer.compute_dtype))
    CASES[name].get("prepare", lambda layer: None)(layer)
    return randomize(layer)


def _outputs(layer, inputs):
    return tf.nest.flatten(layer(*inputs))


every_layer = pytest.mark.parametrize("name", sorted(CASES))


def test_every_public_layer_has_a_case():
    assert sorted(CASES) == sorted(layers.__all__)


@every_layer
def test_config_round_trip(name):
    layer = _make(name, name="mine", dtype="mixed_bfloat16")
    restored = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert type(restored) is type(layer)
    assert restored.get_config() == layer.get_config()
    assert restored.name == "mine"
    assert restored.dtype_policy.name == "mixed_bfloat16"
    assert CASES[name]["config"].items() <= layer.get_config().items()


@every_layer
def test_every_constructor_argument_is_in_the_config(name):
    for argument, value in CASES[name]["config"].items():
        changed = _make(name, **{argument: value + 1})
        assert changed.get_config()[argument] == value + 1


@every_layer
def test_constructor_errors_name_the_argument_and_its_value(name):
    for arguments, message in CASES[name]["wrong"]:
        with pytest.raises(ValueError, match="must be positive") as error:
            getattr(layers, name)(**arguments)
        assert message in str(error.value)


@every_layer
def test_build_creates_the_same_weights_as_call(name):
    called, by_shape = _built(name), _make(name)
    shapes = tf.nest.map_structure(lambda x: tuple(x.shape), CASES[name]["inputs"]())
    by_shape.build(*shapes)
    assert [w.path.split("/", 1)[1] for w in by_shape.weights] == [
        w.path.split("/", 1)[1] for w in called.weights
    ]
    assert [w.shape for w in by_shape.weights] == [w.shape for w in called.weights]


@every_layer
def test_graph_equals_eager(name):
    layer, inputs = _built(name), _inputs(name)
    unknown_rows = tf.nest.map_structure(
        lambda x: tf.TensorSpec([None, *x.shape[1:]], x.dtype), list(inputs)
    )
    graph = tf.function(layer, input_signature=unknown_rows, autograph=False)
    for eager, traced in zip(_outputs(layer, inputs), tf.nest.flatten(graph(*inputs)), strict=True):
        np.testing.assert_allclose(eager, traced, rtol=1e-5, atol=1e-6)


@every_layer
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_functional_model(name, dtype):
    layer, inputs = _built(name, dtype=dtype), _inputs(name)
    symbols = tf.nest.map_structure(
        lambda x: keras.Input(tuple(x.shape[1:]), dtype=x.dtype.name), inputs
    )
    outputs = tf.nest.flatten(layer(*symbols))
    model = keras.Model(tf.nest.flatten(symbols), outputs)
    results = tf.nest.flatten(model(tf.nest.flatten(inputs)))
    expected = _outputs(layer, inputs)
    for symbol, result, direct in zip(outputs, results, expected, strict=True):
        assert symbol.shape == (None, *result.shape[1:])
        assert keras.backend.standardize_dtype(symbol.dtype) == result.dtype.name
        np.testing.assert_allclose(tf.cast(result, tf.float32), tf.cast(direct, tf.float32))


@every_layer
def test_a_gradient_step_changes_every_weight_and_lowers_the_loss(name):
    layer, inputs = _built(name), _inputs(name)

    def loss():
        return tf.add_n([tf.reduce_sum(tf.square(output)) for output in _outputs(layer, inputs)])

    with tf.GradientTape() as tape:
        before = loss()
    gradients = tape.gradient(before, [w.value for w in layer.trainable_weights])
    for weight, gradient in zip(layer.trainable_weights, gradients, strict=True):
        gradient = tf.convert_to_tensor(gradient).numpy()
        assert np.isfinite(gradient).all(), weight.path
        assert np.abs(gradient).max() > 0, weight.path
        weight.assign_sub(1e-4 * gradient)
    assert loss() < before


@every_layer
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_precision_policies(name, policy):
    layer = _built(name, dtype=policy)
    exact = _built(name)
    results = _outputs(layer, _inputs(name))
    dtypes = [layer.compute_dtype if d == "compute" else d for d in CASES[name]["dtypes"]]
    assert [result.dtype.name for result in results] == dtypes
    assert {weight.dtype for weight in layer.weights} == {"float32"}
    for result, reference in zip(results, _outputs(exact, _inputs(name)), strict=True):
        result = tf.cast(result, tf.float32).numpy()
        assert np.isfinite(result).all()
        np.testing.assert_allclose(result, reference, atol=0.1, rtol=0.1)


@every_layer
def test_weights_round_trip(name, tmp_path):
    layer, inputs = _built(name), _inputs(name)
    path = tmp_path / "layer.weights.h5"
    _holder(layer, inputs).save_weights(path)
    loaded = _make(name)
    loaded(*inputs)
    _holder(loaded, inputs).load_weights(path)
    for ours, theirs in zip(layer.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy(), err_msg=ours.path)


class _Holder(keras.Model):
    def __init__(self, layer):
        super().__init__()
        self.held = layer

    def call(self, inputs):
        return self.held(*inputs)


def _holder(layer, inputs):
    model = _Holder(layer)
    model(inputs)
    return model
