from itertools import product

import numpy as np
import pytest
import tensorflow as tf

from ecm_tf.layers import losses
from ecm_tf.layers.masking import additive_mask

TOKENS, SIZE, WORDS = 7, 5, 11
RANDOM = np.random.default_rng(9)
FEATURES = RANDOM.normal(size=[TOKENS, SIZE]).astype("float32")
KERNEL = RANDOM.normal(size=[SIZE, WORDS]).astype("float32")
BIAS = RANDOM.normal(size=[WORDS]).astype("float32")
TARGETS = RANDOM.integers(0, WORDS, [TOKENS]).astype("int32")
WEIGHTS = RANDOM.uniform(0.01, 1, size=[TOKENS]).astype("float32")
ALLOWED = RANDOM.uniform(size=[TOKENS, WORDS]) < 0.5
ALLOWED[np.arange(TOKENS), TARGETS] = True
ALLOWED[2] = np.arange(WORDS) == TARGETS[2]  # all other words are masked


def _naive_nll(features, kernel, bias, masked, smoothing=0.0):
    logits = tf.matmul(features, kernel) + bias
    allowed = ALLOWED if masked else np.ones_like(ALLOWED)
    partitions = [
        tf.reduce_logsumexp(tf.where(words, logits, -1e9), 1, keepdims=True)
        for words in (allowed, ~allowed)
    ]
    nll = tf.where(allowed, *partitions) - logits
    target = tf.gather(nll, TARGETS, batch_dims=1)
    return (1 - smoothing) * target + smoothing * tf.reduce_mean(nll, 1)


MASK = losses.MaskedWords(tf.range(TOKENS), tf.constant(~ALLOWED))
"""Each token has its own class."""


@pytest.mark.parametrize("smoothing", [0.0, 0.1], ids=["hard", "smoothed"])
@pytest.mark.parametrize("masked", [False, True], ids=["unmasked", "masked"])
@pytest.mark.parametrize("chunk", [1, 3, 7, 640, None])
def test_weighted_nll_equals_naive_autodiff(chunk, masked, smoothing, monkeypatch):
    chunked = chunk is not None
    if chunked:
        monkeypatch.setattr(losses, "CHUNK", chunk)
    variables = [tf.Variable(x) for x in (FEATURES, KERNEL, BIAS)]
    with tf.GradientTape() as tape:
        masked_words = MASK if masked else None
        total = losses.weighted_nll(*variables, TARGETS, WEIGHTS, masked_words, smoothing, chunked)
        scaled = 3.0 * total
    with tf.GradientTape() as naive_tape:
        naive = _naive_nll(*variables, masked, smoothing)
        naive_total = tf.reduce_sum(naive * WEIGHTS)
        naive_scaled = 3.0 * naive_total
    np.testing.assert_allclose(total, naive_total, rtol=1e-5)
    for got, expected in zip(
        tape.gradient(scaled, variables), naive_tape.gradient(naive_scaled, variables), strict=True
    ):
        np.testing.assert_allclose(got, expected, atol=2e-5)


@pytest.mark.parametrize("chunk", [3, 7])
def test_in_a_graph_with_unknown_length(chunk, monkeypatch):
    monkeypatch.setattr(losses, "CHUNK", chunk)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, SIZE]),
            tf.TensorSpec([None], tf.int32),
            tf.TensorSpec([None]),
        ],
        autograph=False,
    )
    def gradients(features, targets, weights):
        with tf.GradientTape() as tape:
            tape.watch(features)
            total = losses.weighted_nll(features, KERNEL, BIAS, targets, weights)
        return total, tape.gradient(total, features)

    for tokens in (TOKENS, 2, 0):
        total, d_features = gradients(FEATURES[:tokens], TARGETS[:tokens], WEIGHTS[:tokens])
        naive = _naive_nll(FEATURES, KERNEL, BIAS, False)[:tokens]
        np.testing.assert_allclose(total, tf.reduce_sum(naive * WEIGHTS[:tokens]), rtol=1e-5)
        assert d_features.shape == (tokens, SIZE)


def test_nll_has_no_gradient():
    features = tf.Variable(FEATURES)
    with tf.GradientTape() as tape:
        nll = losses.projected_nll(features, KERNEL, BIAS, TARGETS)
    assert tape.gradient(nll, features) is None


@pytest.mark.parametrize("masked", [False, True], ids=["unmasked", "masked"])
@pytest.mark.parametrize("chunk", [2, 7])
def test_projected_nll(chunk, masked, monkeypatch):
    monkeypatch.setattr(losses, "CHUNK", chunk)
    nll = losses.projected_nll(FEATURES, KERNEL, BIAS, TARGETS, MASK if masked else None)
    np.testing.assert_allclose(nll, _naive_nll(FEATURES, KERNEL, BIAS, masked), atol=1e-5)
    if masked:
        np.testing.assert_allclose(nll[2], 0, atol=1e-6)


def test_no_tokens():
    empty = [np.zeros([0, SIZE], "float32"), KERNEL, BIAS]
    variables = [tf.Variable(x) for x in empty]
    with tf.GradientTape() as tape:
        total = losses.weighted_nll(*variables, np.zeros([0], "int32"), np.zeros([0], "float32"))
    assert float(total) == 0
    for variable, gradient in zip(variables, tape.gradient(total, variables), strict=True):
        np.testing.assert_array_equal(gradient, tf.zeros_like(variable))
    assert losses.projected_nll(*empty, np.zeros([0], "int32")).shape == (0,)


def test_zero_weights():
    features = tf.Variable(FEATURES)
    with tf.GradientTape() as tape:
        total = losses.weighted_nll(features, KERNEL, BIAS, TARGETS, np.zeros_like(WEIGHTS))
    assert float(total) == 0
    np.testing.assert_array_equal(tape.gradient(total, features), np.zeros_like(FEATURES))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("logit", [1e4, -1e4])
def test_extreme_logits_give_finite_losses_and_gradients(logit, dtype):
    bias = np.zeros(WORDS, "float32")
    bias[TARGETS[0]] = logit
    variables = [tf.Variable(tf.cast(FEATURES, dtype)), tf.Variable(KERNEL), tf.Variable(bias)]
    for masked_words, smoothing in product((None, MASK), (0.0, 0.1)):
        with tf.GradientTape() as tape:
            total = losses.weighted_nll(*variables, TARGETS, WEIGHTS, masked_words, smoothing)
        for array in [total, *tape.gradient(total, variables)]:
            assert np.isfinite(tf.cast(array, tf.float32)).all()
    assert np.max(losses.projected_nll(*variables, TARGETS)) > 5000


@pytest.mark.parametrize(("dtype", "tolerance"), [("bfloat16", 0.05), ("float16", 0.005)])
@pytest.mark.parametrize("weight", [1.0, 1e-6], ids=["large", "small"])
def test_half_precision_is_close_to_float32(dtype, tolerance, weight):
    """The weights of a large batch underflow in float16; the gradient must not vanish."""
    exact, gradients = None, None
    for precision in ("float32", dtype):
        variables = [
            tf.Variable(tf.cast(FEATURES, precision)),
            tf.Variable(KERNEL),
            tf.Variable(BIAS),
        ]
        with tf.GradientTape() as tape:
            total = losses.weighted_nll(*variables, TARGETS, WEIGHTS * weight)
            scaled = total / weight
        got = tape.gradient(scaled, variables)
        assert total.dtype == tf.float32
        assert [g.dtype for g in got] == [v.dtype for v in variables]
        got = [tf.cast(g, tf.float32) for g in got]
        if precision == "float32":
            exact, gradients = scaled, got
    np.testing.assert_allclose(scaled, exact, rtol=tolerance)
    for low, high in zip(got, gradients, strict=True):
        np.testing.assert_allclose(low, high, atol=tolerance * np.abs(high).max() * 3)


def test_token_weights():
    np.testing.assert_allclose(
        losses.token_weights(tf.constant([4, 1, 0, 2])), [1 / 16, 1 / 4, 1 / 4, 1 / 8]
    )


def test_memory_loss():
    memory = np.array([[1.0, -2.0], [0.5, 0.0]], "float32")
    np.testing.assert_allclose(losses.memory_loss(memory), (1 + 4 + 0.25) / 2)
    half = losses.memory_loss(tf.constant(memory * 200, tf.float16))  # squares overflow float16
    assert half.dtype == tf.float32
    np.testing.assert_allclose(half, 5.25 / 2 * 40000)


def test_log_partition_equals_logsumexp():
    random = np.random.default_rng(3)
    logits = random.normal(size=[6, 50]) * [[1], [30], [300], [1e4], [0], [1e-6]]
    got = losses.log_partition(tf.constant(logits, tf.float32))
    top = logits.max(1)
    expected = top + np.log(np.exp(logits - top[:, None]).sum(1))
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-6)


def test_masked_words_do_not_count_and_a_row_without_words_is_finite():
    logits = np.array([[1.0, 2.0, 3.0], [1e4, -1e4, 0.0]], "float32")
    mask = additive_mask(tf.constant([[False, True, False], [True, True, True]]))
    some, none = losses.log_partition(logits + mask)
    np.testing.assert_allclose(some, np.log(np.exp(1) + np.exp(3)), rtol=1e-6)
    assert np.isfinite(none) and none < -1e29
