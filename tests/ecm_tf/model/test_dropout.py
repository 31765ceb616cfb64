"""Dropout: where it acts, and that it acts in training only."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from random_weights import randomize

from ecm_tf.layers import InternalMemoryGRUCell, StackedGRUCell
from ecm_tf.model import ECM

ALL = {"use_emb": True, "use_imemory": True, "use_ememory": True}


@pytest.fixture
def models(make_model):
    """The same model without and with dropout."""
    plain = randomize(make_model(**ALL))
    dropping = ECM(plain.config, dropout=0.5)
    dropping.set_weights(plain.get_weights())
    return plain, dropping


def _loss(model, batch, training):
    return float(
        model.compute_loss(x=batch, y_pred=model(batch, training=training), training=training)
    )


def test_dropout_acts_in_training_only(models, batch):
    plain, dropping = models
    expected = _loss(plain, batch, True)
    assert _loss(dropping, batch, False) == pytest.approx(expected)
    np.testing.assert_allclose(dropping.reply_nll(batch)[0], plain.reply_nll(batch)[0], rtol=1e-5)
    drawn = {_loss(dropping, batch, True) for _ in range(3)}
    assert len(drawn) == 3
    assert expected not in drawn


def test_every_place_draws_its_own_numbers(models, batch):
    """The input of each encoder layer; words and, at each step, layers of the decoder; output."""
    _, model = models
    _loss(model, batch, True)
    places = (model.encoder, model.decoder, model.decoder.cell.gru, model)
    draws = [int(place.dropout.seed_generator.state[1]) for place in places]
    assert draws == [2, 1, batch["response"].shape[1], 1]


@pytest.mark.parametrize("make", [StackedGRUCell, InternalMemoryGRUCell])
def test_cells_drop_between_layers(make):
    inputs = tf.random.stateless_normal([2, 3, 5], [1, 2])
    for num_layers in (1, 2):
        sizes = (6, 4) if make is InternalMemoryGRUCell else (6,)
        rnn = keras.layers.RNN(make(*sizes, num_layers=num_layers, dropout=0.5))
        expected = rnn(inputs)
        same = np.allclose(rnn(inputs, training=True), expected)
        assert same == (num_layers == 1)
        np.testing.assert_array_equal(rnn(inputs), expected)


def test_the_gradient_of_a_loop_in_a_graph_is_that_of_the_drawn_numbers():
    """Compared with finite differences for the same draws; each step draws."""
    random = np.random.default_rng(5)
    rnn = keras.layers.RNN(StackedGRUCell(6, 2, dropout=0.5))
    inputs = tf.constant(random.normal(size=[2, 3, 5]), tf.float32)
    rnn(inputs)
    kernel = randomize(rnn.cell).cells[1].kernel
    draws = rnn.cell.dropout.seed_generator.state
    start, first = kernel.numpy(), draws.numpy()

    @tf.function(autograph=False)
    def value_and_gradient():
        with tf.GradientTape() as tape:
            value = tf.reduce_sum(rnn(inputs, training=True))
        return value, tape.gradient(value, kernel.value)

    value, gradient = value_and_gradient()
    assert draws[1] - first[1] >= 3  # Keras computes the first step twice
    assert value_and_gradient()[0] != value
    direction = random.normal(size=start.shape)
    values = []
    for sign in (1, -1):
        draws.assign(first)
        kernel.assign(start + sign * 1e-3 * direction)
        values.append(float(value_and_gradient()[0]))
    assert np.sum(gradient * direction) == pytest.approx((values[0] - values[1]) / 2e-3, abs=2e-3)


def test_a_share_is_dropped_and_the_rest_scaled(models, batch):
    plain, dropping = models
    outputs = plain(batch)
    full, *_ = plain._real_tokens(batch, outputs, True)
    kept, *_ = dropping._real_tokens(batch, outputs, True)
    ratio = np.asarray(kept) / np.asarray(full)
    assert set(np.unique(ratio.round(4))) == {0.0, 2.0}
    assert 0.25 < np.mean(ratio == 0) < 0.75


def test_a_saved_model_draws_what_it_would_have_drawn(models, batch, tmp_path):
    _, model = models
    _loss(model, batch, True)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert _loss(loaded, batch, True) == pytest.approx(_loss(model, batch, True))
