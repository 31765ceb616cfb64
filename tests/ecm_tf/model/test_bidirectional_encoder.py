"""The bidirectional encoder: its numbers, masked padding, and the weights that it adds."""

import numpy as np
import pytest
import tensorflow as tf
from numpy_ecm import Reference
from random_weights import randomize

from ecm_tf.model.recurrence import scan_without_arrays

ALL = {"use_emb": True, "use_imemory": True, "use_ememory": True, "bidirectional_encoder": True}
BUCKETS = ((4, 4), (8, 8))


@pytest.mark.parametrize("masked", [True, False], ids=["masked", "unmasked"])
@pytest.mark.parametrize("num_layers", [1, 2])
def test_equals_numpy(num_layers, masked, make_model, batch):
    model = make_model(**ALL, num_layers=num_layers, mask_padding=masked, buckets=BUCKETS)
    randomize(model)
    batch = {**batch, "post": tf.pad(batch["post"], [[0, 0], [0, 1]])}
    np.testing.assert_allclose(model.reply_nll(batch)[0], Reference(model).nll(batch), rtol=1e-5)


def test_masked_padding_has_no_effect_in_either_direction(make_model, batch):
    encoder = randomize(make_model(**ALL)).encoder
    expected = encoder(batch["post"])
    padded = encoder(tf.pad(batch["post"], [[0, 0], [0, 4]]))
    for got, state in zip(padded["states"], expected["states"], strict=True):
        np.testing.assert_allclose(got, state, atol=1e-6)
    real = np.array(expected["mask"])
    np.testing.assert_array_equal(padded["mask"][:, :7], real)
    values = np.array(padded["values"][:, :7])
    np.testing.assert_allclose(values[real], np.array(expected["values"])[real], atol=1e-6)


def test_outputs_depend_on_tokens_before_and_after(make_model):
    post = np.array([[4, 5, 6]], "int32")
    for bidirectional in (False, True):
        model = randomize(make_model(**{**ALL, "bidirectional_encoder": bidirectional}))
        values = model.encoder(post)["values"][0]
        changed_first, changed_last = (
            np.abs(model.encoder(other)["values"][0] - values).max(1) > 1e-6
            for other in (np.array([[7, 5, 6]], "int32"), np.array([[4, 5, 7]], "int32"))
        )
        assert changed_first.tolist() == [True, bidirectional, bidirectional]
        assert changed_last.all()


def test_the_loop_for_tensorflow_lite_gives_the_same(make_model, batch):
    encoder = randomize(make_model(**ALL)).encoder
    expected, got = encoder(batch["post"]), encoder(batch["post"], scan=scan_without_arrays)
    for one, other in zip(tf.nest.flatten(got), tf.nest.flatten(expected), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_every_weight_is_trained(make_model, batch):
    model = randomize(make_model(**ALL))
    assert [weight.path for weight in model.weights if "forward_layer_1/" in weight.path]
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x=batch, y_pred=model(batch, training=True))
    weights = model.encoder.trainable_weights
    gradients = tape.gradient(loss, [weight.value for weight in weights])
    for weight, gradient in zip(weights, gradients, strict=True):
        assert np.abs(tf.convert_to_tensor(gradient)).max() > 0, weight.path
