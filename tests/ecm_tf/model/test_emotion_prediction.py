"""The emotion predictor in the model: what it reads, and what it leaves as it is."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from random_weights import randomize

from ecm_tf.config import ModelConfig, TrainingConfig
from ecm_tf.model import ECM
from ecm_tf.model.emotion_prediction import EmotionMeter, emotion_log_probs
from ecm_tf.training.construction import make_optimizer

ALL = {"use_emb": True, "use_imemory": True, "use_ememory": True}
SIZES = {"size": 8, "num_layers": 1, "embedding_size": 6, "emotion_size": 5, "imemory_size": 7}


def log_probs_of(model, post):
    return emotion_log_probs(model, model.encoder(post))


def test_absent_if_off(make_model, batch):
    model = make_model(**ALL)
    assert [weight.path for weight in model.weights if "emotion_predictor" in weight.path] == []
    assert "emotion_logits" not in model(batch)
    with pytest.raises(ValueError, match="does not predict emotions"):
        log_probs_of(model, batch["post"])


def test_probabilities_sum_to_one_for_any_post_and_ignore_padding(make_model, batch):
    model = randomize(make_model(**ALL, predict_emotion=True))
    log_probs = log_probs_of(model, batch["post"])
    np.testing.assert_allclose(np.exp(log_probs).sum(1), 1, rtol=1e-5)
    np.testing.assert_allclose(
        tf.nn.log_softmax(model(batch)["emotion_logits"]), log_probs, atol=1e-5
    )
    padded = log_probs_of(model, tf.pad(batch["post"], [[0, 0], [0, 4]]))
    np.testing.assert_allclose(padded, log_probs, atol=1e-5)
    for row, post in enumerate(batch["post"].numpy()):
        alone = log_probs_of(model, post[None, : max(1, np.count_nonzero(post))])
        np.testing.assert_allclose(alone[0], log_probs[row], atol=1e-5)
    assert np.ptp(log_probs, axis=0).min() > 0.01, "the post matters"


def _trained(predict_emotion, optimizer, batches):
    keras.utils.set_random_seed(3)
    config = ModelConfig(20, 18, 6, **SIZES, **ALL, predict_emotion=predict_emotion)
    model = ECM(config, dropout=0.2)
    predictor = model.emotion_predictor
    apart = len(predictor.weights) if predictor else 0
    before = [weight.numpy() for weight in predictor.weights] if predictor else []
    model.compile(make_optimizer(optimizer, apart), run_eagerly=True)
    history = model.fit(
        tf.data.Dataset.from_tensor_slices(batches), shuffle=False, verbose=0
    ).history
    if predictor:
        changed = [
            np.any(w.numpy() != old) for w, old in zip(predictor.weights, before, strict=True)
        ]
        assert changed == [True] * 4
        assert history["emotion_cross_entropy"][0] > 0
    weights = [weight.numpy() for weight in model.weights if "emotion_predictor" not in weight.path]
    return weights, history["loss"]


@pytest.mark.parametrize(
    "optimizer",
    [
        TrainingConfig(max_gradient_norm=0.05),
        TrainingConfig(
            optimizer="adam", learning_rate=0.01, max_gradient_norm=0.05, ema_momentum=0.9
        ),
    ],
    ids=["sgd", "adam with averages"],
)
def test_the_rest_of_the_model_learns_as_without_it(batch, optimizer):
    """Weights and loss are equal to the last bit, although every step clips the gradients."""
    batches = {name: tf.stack([values] * 3) for name, values in batch.items()}
    weights, loss = _trained(False, optimizer, batches)
    with_predictor, its_loss = _trained(True, optimizer, batches)
    assert its_loss == loss
    for one, other in zip(weights, with_predictor, strict=True):
        np.testing.assert_array_equal(one, other)


def test_likelihood_of_the_response_is_that_of_the_model_without_it(make_model, batch):
    keras.utils.set_random_seed(1)
    without = make_model(**ALL)
    keras.utils.set_random_seed(1)
    model = make_model(**ALL, predict_emotion=True)
    np.testing.assert_array_equal(model.reply_nll(batch)[0], without.reply_nll(batch)[0])


def test_learns_the_emotion_and_measures_it(make_model, batch):
    model = make_model(predict_emotion=True)
    posts = {**batch, "emotion": tf.constant([0, 1, 2, 5, 3])}
    batches = tf.data.Dataset.from_tensors(posts)
    meter = EmotionMeter(model)
    before = meter.measure(batches)
    model.compile(keras.optimizers.Adam(0.05), run_eagerly=True)
    model.fit(batches.repeat(30), shuffle=False, verbose=0)
    after = meter.measure(batches)
    assert after.accuracy == 1 > before.accuracy
    assert after.log_likelihood > before.log_likelihood
    log_probs = log_probs_of(model, posts["post"]).numpy()
    expected = log_probs[np.arange(5), posts["emotion"]].mean()
    assert after.log_likelihood == pytest.approx(expected, rel=1e-5)
