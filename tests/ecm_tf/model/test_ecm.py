from itertools import product

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy_ecm import Reference
from random_weights import randomize

from ecm_tf.config import ModelConfig
from ecm_tf.model import ECM
from ecm_tf.text.vocabulary import GO, PAD

MODULES = list(product((False, True), repeat=3))
BUCKETS = ((4, 4), (8, 8))


def _modules(choice):
    return dict(zip(("use_emb", "use_imemory", "use_ememory"), choice, strict=True))


ALL = _modules((True, True, True))
LAYERS = [
    *((modules, 2) for modules in MODULES),
    *((modules, num_layers) for modules in (MODULES[0], MODULES[-1]) for num_layers in (1, 3)),
]
"""Each choice of modules with two layers; none and all of them also with one and three."""


def _variant(value):
    return str(value) if isinstance(value, int) else ModelConfig(9, 9, 2, **_modules(value)).variant


each_variant = pytest.mark.parametrize(("modules", "num_layers"), LAYERS, ids=_variant)
every_choice = pytest.mark.parametrize("modules", MODULES, ids=_variant)
masking = pytest.mark.parametrize("masked", [True, False], ids=["masked", "unmasked"])


def _pad(batch, post=0, response=0):
    """Returns the batch with more columns of padding."""
    return {
        "post": tf.pad(batch["post"], [[0, 0], [0, post]]),
        "response": tf.pad(batch["response"], [[0, 0], [0, response]]),
        "emotion": batch["emotion"],
    }


def _cut(batch):
    """Returns the first three columns of the batch, for slow tests."""
    return {**batch, "post": batch["post"][:, :3], "response": batch["response"][:, :3]}


def _loss(model, batch):
    return float(model.compute_loss(x=batch, y_pred=model(batch)))


def _repeated_steps(model, batch):
    """Teacher forcing with the step function of decoding, `(batch, length, words)`."""
    step, state = model.prepare_decoding(model.encoder(batch["post"]), batch["emotion"])
    words = tf.fill([len(batch["emotion"])], GO)
    log_probs = []
    for t in range(batch["response"].shape[1]):
        log_prob, state = step(words, state)
        log_probs.append(log_prob)
        words = batch["response"][:, t]
    return np.stack(log_probs, 1)


@each_variant
def test_log_probs_equal_numpy_and_repeated_steps(make_model, batch, modules, num_layers):
    masked = num_layers != 2
    model = randomize(
        make_model(**_modules(modules), num_layers=num_layers, mask_padding=masked, buckets=BUCKETS)
    )
    batch = _pad(batch, post=1)
    got = model.teacher_forced_log_probs(batch)
    steps = _repeated_steps(model, batch)
    for row, (words, expected, *_) in enumerate(Reference(model).rows(batch)):
        length = len(words)
        assert length == np.count_nonzero(batch["response"][row])
        np.testing.assert_allclose(got[row, :length], expected[:length], atol=1e-5)
        np.testing.assert_allclose(steps[row, :length], expected[:length], atol=1e-5)


@every_choice
@masking
def test_losses_equal_the_numpy_implementation(make_model, batch, modules, masked):
    model = randomize(make_model(**_modules(modules), mask_padding=masked, buckets=BUCKETS))
    batch = _pad(batch, post=1)
    reference = Reference(model)
    assert _loss(model, batch) == pytest.approx(reference.loss(batch), rel=1e-5)
    nll, tokens = model.reply_nll(batch)
    np.testing.assert_allclose(nll, reference.nll(batch), rtol=1e-5)
    np.testing.assert_array_equal(tokens, [6, 2, 1, 4, 3])


@each_variant
def test_one_step_of_fit_lowers_the_loss_and_changes_every_weight(
    make_model, batch, modules, num_layers
):
    model = randomize(make_model(**_modules(modules), num_layers=num_layers))
    in_a_graph = num_layers == 2 and all(modules)  # tracing is slow, so one case suffices
    model.compile(keras.optimizers.SGD(0.1), run_eagerly=not in_a_graph)
    before, batch = [weight.numpy() for weight in model.trainable_weights], _cut(batch)
    history = model.fit(tf.data.Dataset.from_tensors(batch), shuffle=False, verbose=0).history
    assert 0 < history["cross_entropy"][0] <= history["loss"][0] + 1e-6
    assert _loss(model, batch) < history["loss"][0]
    for old, weight in zip(before, model.trainable_weights, strict=True):
        assert not np.array_equal(old, weight.numpy()), weight.path


@every_choice
def test_a_disabled_module_has_no_weights(make_model, modules):
    emb, imemory, ememory = modules
    paths = [weight.path for weight in make_model(**_modules(modules)).weights]

    def some(part):
        return any(part in path for path in paths)

    assert some("emotion_embedding/") == emb
    assert some("internal_memory/") == some("write_gate/") == some("/read_bias") == imemory
    assert some("external_memory/gate_") == some("emotion_words") == ememory
    assert some("vocabulary_output/") == (not ememory)


def test_gradients_equal_finite_differences(make_model, batch):
    """Checks the custom gradient of the losses through the whole model."""
    model, batch = randomize(make_model(**ALL), scale=0.3), _cut(batch)
    # Emotions without and with emotion words, and an empty post.
    batch = {name: tf.gather(values, [0, 1, 3]) for name, values in batch.items()}
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x=batch, y_pred=model(batch))
    weights = model.trainable_weights
    gradients = tape.gradient(loss, [weight.value for weight in weights])
    random = np.random.default_rng(2)
    for weight, gradient in zip(weights, gradients, strict=True):
        gradient = tf.convert_to_tensor(gradient).numpy()
        start, direction = weight.numpy(), random.normal(size=weight.shape)
        direction /= np.linalg.norm(direction)
        losses = []
        for sign in (1, -1):
            weight.assign(start + sign * 1e-3 * direction)
            losses.append(Reference(model).loss(batch))
        weight.assign(start)
        expected = (losses[0] - losses[1]) / 2e-3
        assert np.sum(gradient * direction) == pytest.approx(expected, abs=2e-4), weight.path


@every_choice
def test_masked_padding_has_no_effect(make_model, batch, modules):
    model = randomize(make_model(**_modules(modules)))
    padded = _pad(batch, post=4, response=3)
    assert _loss(model, padded) == pytest.approx(_loss(model, batch), rel=1e-5)
    for got, expected in zip(model.reply_nll(padded), model.reply_nll(batch), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5)
    real = np.array(batch["response"]) != PAD
    got = model.teacher_forced_log_probs(padded)[:, : real.shape[1]]
    np.testing.assert_allclose(got[real], model.teacher_forced_log_probs(batch)[real], atol=1e-5)


def test_unmasked_padding_has_an_effect_as_in_the_original(make_model, batch):
    model = randomize(make_model(**ALL, mask_padding=False, buckets=BUCKETS))
    assert _loss(model, _pad(batch, post=1)) != pytest.approx(_loss(model, batch), rel=1e-4)
    # Padding after the response only decreases the internal memory.
    nll, _ = model.reply_nll(batch)
    np.testing.assert_allclose(model.reply_nll(_pad(batch, response=2))[0], nll, rtol=1e-5)
    memory, later = model(batch)["memory"], model(_pad(batch, response=2))["memory"]
    assert (np.abs(later) < np.abs(memory)).all()


@pytest.mark.parametrize(
    ("length", "positions"), [(0, 4), (1, 4), (3, 4), (4, 6), (5, 6), (6, 9), (8, 9), (9, 9)]
)
def test_unmasked_posts_are_read_up_to_the_shortest_longer_bucket(make_model, length, positions):
    model = make_model(mask_padding=False, buckets=((4, 4), (6, 6), (9, 9)))
    post = np.zeros([2, 9], "int32")
    post[0, :length] = np.arange(4, 4 + length)
    post[1, :8] = 5  # a row of another bucket has no effect
    encoded = model.encoder(post)
    np.testing.assert_array_equal(encoded["mask"][0], np.arange(9) < positions)
    alone = model.encoder(post[:1, :positions])
    np.testing.assert_allclose(encoded["values"][0, :positions], alone["values"][0], atol=1e-6)
    for state, expected in zip(encoded["states"], alone["states"], strict=True):
        np.testing.assert_allclose(state[0], expected[0], atol=1e-6)


@masking
def test_a_batch_of_mixed_emotions_equals_single_rows(make_model, batch, masked):
    model = randomize(make_model(**ALL, mask_padding=masked, buckets=BUCKETS))
    together, _ = model.reply_nll(batch)
    losses = []
    for row in range(5):
        alone = {name: values[row : row + 1] for name, values in batch.items()}
        np.testing.assert_allclose(model.reply_nll(alone)[0], together[row : row + 1], rtol=1e-5)
        losses.append(_loss(model, alone))
    assert _loss(model, batch) == pytest.approx(np.mean(losses), rel=1e-5)


def test_every_module_depends_on_the_emotion(make_model, batch):
    for name in ("use_emb", "use_imemory", "use_ememory"):
        model = randomize(make_model(**{name: True}))
        other = {**batch, "emotion": (batch["emotion"] + 1) % 6}
        assert not np.allclose(model.reply_nll(batch)[0], model.reply_nll(other)[0], rtol=1e-3)
    seq2seq = randomize(make_model())
    np.testing.assert_array_equal(seq2seq.reply_nll(batch)[0], seq2seq.reply_nll(other)[0])


@pytest.mark.parametrize("categories", [1, 2, 9])
def test_any_number_of_categories(batch, categories):
    model = ECM(ModelConfig(20, 18, categories, size=8, **ALL))
    words = np.zeros([categories, 18], bool)
    words[-1, 5:9] = True
    model.set_emotion_words(words)
    batch = {**batch, "emotion": tf.range(5) % categories}
    model.compile("sgd", run_eagerly=True)
    before = Reference(model).loss(batch)
    loss = model.train_on_batch(batch, return_dict=True)["loss"]
    assert loss == pytest.approx(before, rel=1e-4)


def test_trainable_params_leave_out_the_mask_of_emotion_words():
    model = ECM(ModelConfig(20, 18, 6, size=8, **ALL))
    assert model.count_trainable_params() == model.count_params() - 6 * 18
    assert ECM(ModelConfig(20, 18, 6, size=8)).count_trainable_params() < (
        model.count_trainable_params()
    )


def test_reply_nll_is_the_sum_of_the_log_probs(make_model, batch):
    model = randomize(make_model(**ALL))
    log_probs = model.teacher_forced_log_probs(batch)
    np.testing.assert_allclose(tf.reduce_sum(tf.exp(log_probs), -1), np.ones([5, 6]), atol=1e-5)
    targets = tf.gather(log_probs, batch["response"], batch_dims=2)
    expected = -tf.reduce_sum(tf.where(batch["response"] != PAD, targets, 0.0), 1)
    np.testing.assert_allclose(model.reply_nll(batch)[0], expected, rtol=1e-5)


def test_a_row_of_padding_counts_in_the_mean_with_loss_zero(make_model, batch):
    """Without internal memory, whose loss it would have."""
    model = randomize(make_model(use_emb=True, use_ememory=True))
    padding = {**batch, "response": batch["response"] * [[1], [1], [0], [0], [0]]}
    two = {name: values[:2] for name, values in batch.items()}
    assert _loss(model, padding) == pytest.approx(_loss(model, two) * 2 / 5, rel=1e-5)
    nll, tokens = model.reply_nll(padding)
    np.testing.assert_array_equal(nll[2:], np.zeros(3))
    np.testing.assert_array_equal(tokens, [6, 2, 0, 0, 0])


@pytest.mark.parametrize("eagerly", [True, False], ids=["eager", "graph"])
def test_a_batch_without_any_token_has_loss_zero(make_model, batch, eagerly):
    model = make_model(use_ememory=True)
    padding = {**batch, "response": tf.zeros_like(batch["response"])}
    graph = tf.function(
        lambda model, batch: model.compute_loss(x=batch, y_pred=model(batch)), autograph=False
    )
    loss = _loss if eagerly else graph
    assert loss(model, padding) == 0


@masking
def test_empty_posts_give_finite_losses_and_gradients(make_model, batch, masked):
    model = make_model(**ALL, mask_padding=masked, buckets=BUCKETS)
    for width in (1, 4):
        empty = {**_cut(batch), "post": tf.zeros([5, width], tf.int32)}
        with tf.GradientTape() as tape:
            loss = model.compute_loss(x=empty, y_pred=model(empty))
        assert np.isfinite(loss)
        for gradient in tape.gradient(loss, [w.value for w in model.trainable_weights]):
            assert np.isfinite(tf.convert_to_tensor(gradient)).all()
        assert np.isfinite(model.teacher_forced_log_probs(empty)).all()


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_int32_and_int64_inputs_give_the_same(make_model, batch, dtype):
    model = make_model(**ALL)
    wide = {name: tf.cast(values, dtype) for name, values in batch.items()}
    assert _loss(model, wide) == pytest.approx(_loss(model, batch))
    np.testing.assert_array_equal(model.reply_nll(wide)[0], model.reply_nll(batch)[0])


def test_one_graph_for_all_batch_shapes(make_model, batch):
    model = make_model(**ALL)
    unknown = {"post": [None, None], "response": [None, None], "emotion": [None]}
    specs = {name: tf.TensorSpec(shape, tf.int32) for name, shape in unknown.items()}
    reply_nll = tf.function(model.reply_nll, input_signature=[specs], autograph=False)
    np.testing.assert_allclose(reply_nll(batch)[0], model.reply_nll(batch)[0], rtol=1e-5)
    some = {name: values[1:3] for name, values in _pad(batch, 2, 3).items()}
    np.testing.assert_allclose(reply_nll(some)[0], model.reply_nll(batch)[0][1:3], rtol=1e-5)


@pytest.mark.parametrize("modules", [(False,) * 3, (True,) * 3], ids=["Seq2Seq", "ECM"])
def test_keras_file_round_trip(make_model, batch, modules, tmp_path):
    model = randomize(make_model(**_modules(modules), num_layers=1))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.config == model.config
    assert [weight.path for weight in loaded.weights] == [weight.path for weight in model.weights]
    np.testing.assert_array_equal(loaded.reply_nll(batch)[0], model.reply_nll(batch)[0])


def test_training_continues_identically_after_loading(make_model, batch, tmp_path):
    pairs = tf.data.Dataset.from_tensors(_cut(batch))
    model = make_model(**ALL)
    model.compile("adam", run_eagerly=True)
    model.fit(pairs, shuffle=False, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    loaded.run_eagerly = True
    for _ in range(2):
        losses = [
            m.fit(pairs, shuffle=False, verbose=0).history["loss"][0] for m in (model, loaded)
        ]
        assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_config_as_a_dict(make_model):
    model = make_model(**ALL)
    assert ECM(model.config.to_dict()).config == model.config
    assert ECM.from_config(model.get_config()).config == model.config


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_mixed_precision(make_model, batch, dtype):
    exact = randomize(make_model(**ALL))
    low = ECM(exact.config, dtype=f"mixed_{dtype}")
    for weight, source in zip(low.weights, exact.weights, strict=True):
        assert weight.dtype == "float32"
        weight.assign(source.numpy())
    expected = _loss(exact, batch)
    assert _loss(low, batch) == pytest.approx(expected, rel=0.02)
    np.testing.assert_allclose(low.reply_nll(batch)[0], exact.reply_nll(batch)[0], rtol=0.02)
    optimizer = keras.optimizers.SGD(0.1)
    low.compile(
        keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=128.0), run_eagerly=True
    )
    before = [weight.numpy() for weight in low.trainable_weights]
    history = low.fit(tf.data.Dataset.from_tensors(batch), shuffle=False, verbose=0).history
    assert history["loss"][0] == pytest.approx(expected, rel=0.02)
    for old, weight in zip(before, low.trainable_weights, strict=True):
        assert np.isfinite(weight.numpy()).all(), weight.path
        assert not np.array_equal(old, weight.numpy()), weight.path
    assert _loss(low, batch) < expected
    with pytest.raises(ValueError, match=f"needs a float32 model. Received: {dtype}"):
        low.prepare_decoding(low.encoder(batch["post"]), batch["emotion"])


def test_beams_of_an_example_are_adjacent_rows(make_model, batch):
    model = make_model(**ALL)
    encoded = model.encoder(batch["post"])
    step, state = model.prepare_decoding(encoded, batch["emotion"], beams=3)
    one_step, one_state = model.prepare_decoding(encoded, batch["emotion"])
    for entry, expected in zip(state, one_state, strict=True):
        np.testing.assert_allclose(entry, np.repeat(expected, 3, axis=0), atol=1e-6)
    log_probs, _ = step(tf.fill([15], GO), state)
    expected, _ = one_step(tf.fill([5], GO), one_state)
    np.testing.assert_allclose(log_probs, np.repeat(expected, 3, axis=0), atol=1e-5)


def test_emotion_words(make_model):
    with pytest.raises(ValueError, match="no external memory"):
        make_model().set_emotion_words(np.zeros([6, 18]))
    model = make_model(use_ememory=True)
    with pytest.raises(ValueError, match="shape"):
        model.set_emotion_words(np.zeros([18, 6]))
    mask = np.eye(6, 18, dtype=bool)
    model.set_emotion_words(mask)
    np.testing.assert_array_equal(model.vocabulary_output.emotion_words.numpy(), mask)


def test_overfits_one_batch(make_model, batch):
    model = make_model(**ALL, num_layers=1, size=16)
    model.compile(keras.optimizers.Adam(0.03))
    batch = _cut(batch)
    model.fit(tf.data.Dataset.from_tensors(batch).repeat(100), shuffle=False, verbose=0)
    nll, tokens = model.reply_nll(batch)
    assert (np.asarray(nll) / np.asarray(tokens) < 0.5).all()
