import keras
import numpy as np
import numpy_ecm
import pytest
import tensorflow as tf
from random_weights import randomize

from ecm_tf.layers import ExternalMemoryOutput, losses

RANDOM = np.random.default_rng(8)
FEATURES = RANDOM.normal(size=[8, 5]).astype("float32")
EMOTION = np.array([0, 1, 2, 3, 1, 2, 3, 0], "int32")
TARGETS = np.array([4, 4, 2, 8, 9, 10, 1, 0], "int32")
WEIGHTS = RANDOM.uniform(0.1, 1, size=[8]).astype("float32")

LEXICON = np.zeros([4, 11], "float32")
LEXICON[1, [4, 5, 6]] = 1
LEXICON[2, 10] = 1
LEXICON[3] = 1
"""Categories with no emotion words, three, one, and only emotion words."""


@pytest.fixture
def layer():
    layer = ExternalMemoryOutput(11, 4)
    layer.build(FEATURES.shape)
    layer.emotion_words.assign(LEXICON)
    return randomize(layer)


def _set_gate(layer, logit):
    layer.gate_kernel.assign(tf.zeros_like(layer.gate_kernel))
    layer.gate_bias.assign([logit])


def _naive(layer, features, emotion, targets):
    """Returns log-probabilities of the targets and the gate's loss, in plain TensorFlow."""
    features = tf.convert_to_tensor(features)
    probs = tf.nn.softmax(features @ layer.kernel + layer.bias)
    alpha = tf.sigmoid(features @ layer.gate_kernel + layer.gate_bias)
    emotional = tf.gather(tf.convert_to_tensor(layer.emotion_words), emotion)
    has = tf.reduce_max(emotional, 1, keepdims=True)
    of_emotional = probs * emotional / (tf.reduce_sum(probs * emotional, 1, True) + (1 - has))
    of_generic = probs * (1 - emotional)
    rest = tf.reduce_sum(of_generic, 1, True)
    of_generic /= tf.where(rest > 0, rest, 1.0)
    mixed = alpha * of_emotional + (1 - alpha) * of_generic
    mixed = has * mixed + (1 - has) * probs
    log_probs = tf.math.log(tf.gather(mixed, targets, batch_dims=1))
    is_emotional = tf.gather(emotional, targets, batch_dims=1)
    gate = is_emotional * tf.math.log(alpha[:, 0])
    gate += (1 - is_emotional) * tf.math.log(1 - alpha[:, 0])
    return log_probs, -gate * has[:, 0]


def test_equals_numpy(layer):
    log_probs = layer(FEATURES, EMOTION).numpy()
    for row in [0, 1, 2, 4, 5, 7]:
        expected = numpy_ecm.external_memory_log_probs(layer, FEATURES[row], EMOTION[row])
        np.testing.assert_allclose(log_probs[row], expected, atol=1e-5)


def test_probabilities_sum_to_one(layer):
    some_generic = EMOTION != 3
    total = tf.reduce_sum(tf.exp(layer(FEATURES, EMOTION)), 1)
    np.testing.assert_allclose(total[some_generic], np.ones(some_generic.sum()), atol=1e-5)


def test_emotion_words_have_the_probability_of_the_gate(layer):
    probs = np.exp(layer(FEATURES, EMOTION))
    for row in np.flatnonzero((EMOTION == 1) | (EMOTION == 2)):
        alpha = numpy_ecm.emotion_gate(layer, FEATURES[row])
        emotional = LEXICON[EMOTION[row]] > 0
        np.testing.assert_allclose(probs[row, emotional].sum(), alpha, atol=1e-5)


def test_category_without_emotion_words_is_one_softmax(layer):
    rows = EMOTION == 0
    expected = numpy_ecm.vocabulary_log_probs(layer, FEATURES[rows])
    np.testing.assert_allclose(layer(FEATURES, EMOTION)[rows], expected, atol=1e-5)
    terms = layer.training_losses(FEATURES[rows], EMOTION[rows], TARGETS[rows], WEIGHTS[rows])
    assert terms["gate"] == 0


def test_rows_are_independent(layer):
    together = layer(FEATURES, EMOTION)
    for row in range(8):
        alone = layer(FEATURES[row : row + 1], EMOTION[row : row + 1])
        np.testing.assert_allclose(together[row], alone[0], atol=1e-5)


def test_nll_of_the_target(layer, monkeypatch):
    monkeypatch.setattr(losses, "CHUNK", 3)
    expected = -layer(FEATURES, EMOTION).numpy()[np.arange(8), TARGETS]
    np.testing.assert_allclose(layer.nll(FEATURES, EMOTION, TARGETS), expected, atol=1e-5)


@pytest.mark.parametrize("chunk", [1, 3, 8])
def test_training_losses_and_gradients_equal_plain_tensorflow(layer, chunk, monkeypatch):
    monkeypatch.setattr(losses, "CHUNK", chunk)
    features = tf.Variable(FEATURES)
    watched = [features, *(weight.value for weight in layer.trainable_weights)]
    with tf.GradientTape() as tape:
        terms = layer.training_losses(features, EMOTION, TARGETS, WEIGHTS)
        total = tf.add_n([*terms.values()])
    with tf.GradientTape() as naive_tape:
        log_probs, gate = _naive(layer, features, EMOTION, TARGETS)
        naive = tf.reduce_sum(WEIGHTS * (gate - log_probs))
    assert set(terms) == {"cross_entropy", "gate"}
    np.testing.assert_allclose(
        terms["cross_entropy"], -tf.reduce_sum(WEIGHTS * log_probs), rtol=1e-5
    )
    np.testing.assert_allclose(terms["gate"], tf.reduce_sum(WEIGHTS * gate), rtol=1e-5)
    for got, expected in zip(
        tape.gradient(total, watched), naive_tape.gradient(naive, watched), strict=True
    ):
        np.testing.assert_allclose(got, tf.convert_to_tensor(expected), atol=1e-5)


def test_label_smoothing_is_the_mean_over_the_final_distribution(layer):
    """In categories with no emotion words, with some and with one; gradients by autodiff."""
    rows = EMOTION != 3  # a category of emotion words only gives the others no probability
    features, emotion = tf.Variable(FEATURES[rows]), EMOTION[rows]
    targets, weights = TARGETS[rows], WEIGHTS[rows]
    watched = [features, *(weight.value for weight in layer.trainable_weights)]
    with tf.GradientTape() as tape:
        terms = layer.training_losses(features, emotion, targets, weights, 0.2)
    with tf.GradientTape() as naive_tape:
        log_probs = layer(features, emotion)
        target = tf.gather(log_probs, targets, batch_dims=1)
        expected = -(0.8 * target + 0.2 * tf.reduce_mean(log_probs, 1))
        naive = tf.reduce_sum(weights * expected)
    hard = layer.training_losses(features, emotion, targets, weights)
    np.testing.assert_allclose(terms["cross_entropy"], naive, rtol=1e-5)
    np.testing.assert_allclose(terms["gate"], hard["gate"])
    for got, by_autodiff in zip(
        tape.gradient(terms["cross_entropy"], watched),
        naive_tape.gradient(naive, watched),
        strict=True,
    ):
        np.testing.assert_allclose(got, tf.convert_to_tensor(by_autodiff), atol=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1], ids=["hard", "smoothed"])
@pytest.mark.parametrize("logit", [1e4, -1e4])
def test_a_gate_at_0_or_1_gives_finite_losses_and_gradients(layer, logit, smoothing):
    _set_gate(layer, logit)
    features = tf.Variable(FEATURES)
    with tf.GradientTape() as tape:
        terms = layer.training_losses(features, EMOTION, TARGETS, WEIGHTS, smoothing)
        total = tf.add_n([*terms.values(), tf.reduce_sum(layer(features, EMOTION)) * 1e-9])
    watched = [features, *(weight.value for weight in layer.trainable_weights)]
    for array in [total, *tape.gradient(total, watched)]:
        assert np.isfinite(array).all()
    assert terms["gate"] > 1000  # the gate excludes some target


@pytest.mark.parametrize("smoothing", [0.0, 0.1], ids=["hard", "smoothed"])
@pytest.mark.parametrize("size", [1e4, -1e4])
def test_extreme_logits_give_finite_losses_and_gradients(layer, size, smoothing):
    layer.bias.assign(np.where(np.arange(11) % 2, size, -size))
    features = tf.Variable(FEATURES)
    with tf.GradientTape() as tape:
        terms = layer.training_losses(features, EMOTION, TARGETS, WEIGHTS, smoothing)
        total = tf.add_n([*terms.values()])
    for array in [total, layer(FEATURES, EMOTION), *tape.gradient(total, [features])]:
        assert np.isfinite(array).all()


def test_emotion_words_are_saved_and_not_trained(layer, tmp_path):
    assert all(weight is not layer.emotion_words for weight in layer.trainable_weights)
    inputs = keras.Input([5]), keras.Input([], dtype="int32")
    model = keras.Model(inputs, layer(*inputs))
    model.save(tmp_path / "output.keras")
    restored = keras.models.load_model(tmp_path / "output.keras")
    emotion_words = next(w for w in restored.weights if w.path.endswith("emotion_words"))
    np.testing.assert_array_equal(emotion_words, LEXICON)
    np.testing.assert_array_equal(restored([FEATURES, EMOTION]), layer(FEATURES, EMOTION))


def test_no_emotion_words_until_assigned():
    layer = ExternalMemoryOutput(11, 4)
    expected = numpy_ecm.vocabulary_log_probs
    log_probs = layer(FEATURES, EMOTION)
    np.testing.assert_array_equal(layer.emotion_words, np.zeros([4, 11]))
    np.testing.assert_allclose(log_probs, expected(layer, FEATURES), atol=1e-5)
