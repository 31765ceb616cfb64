"""Output weights that are the decoder's word vectors."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy_ecm import Reference
from random_weights import randomize

from ecm_tf.layers import ExternalMemoryOutput, VocabularyOutput, losses
from ecm_tf.text.vocabulary import PAD

OUTPUTS = pytest.mark.parametrize("use_ememory", [False, True], ids=["plain", "external memory"])


@OUTPUTS
@pytest.mark.parametrize("embedding_size", [6, 8], ids=["projected", "of equal size"])
def test_equals_numpy(use_ememory, embedding_size, make_model, batch):
    model = make_model(tie_embeddings=True, use_ememory=use_ememory, embedding_size=embedding_size)
    reference = Reference(randomize(model))
    assert (model.vocabulary_output.projection is None) == (embedding_size == 8)
    np.testing.assert_allclose(model.reply_nll(batch)[0], reference.nll(batch), rtol=1e-5)
    loss = model.compute_loss(x=batch, y_pred=model(batch))
    assert float(loss) == pytest.approx(reference.loss(batch), rel=1e-5)
    log_probs = model.teacher_forced_log_probs(batch)
    for row, (words, expected, *_) in enumerate(reference.rows(batch)):
        np.testing.assert_allclose(log_probs[row, : len(words)], expected, atol=1e-5)


def test_the_gradient_of_the_word_vectors_comes_from_input_and_output(make_model, batch):
    """The custom gradient of the loss, compared with automatic differentiation."""
    model = randomize(make_model(tie_embeddings=True))
    watched = [weight.value for weight in model.trainable_weights]
    real = np.array(batch["response"]) != PAD
    weights = np.array(losses.token_weights(real.sum(1)))[:, None] * real
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x=batch, y_pred=model(batch))
    with tf.GradientTape() as naive_tape:
        log_probs = model.teacher_forced_log_probs(batch)
        naive = -tf.reduce_sum(weights * tf.gather(log_probs, batch["response"], batch_dims=2))
    for weight, got, expected in zip(
        model.trainable_weights,
        tape.gradient(loss, watched),
        naive_tape.gradient(naive, watched),
        strict=True,
    ):
        got, expected = tf.convert_to_tensor(got), tf.convert_to_tensor(expected)
        np.testing.assert_allclose(got, expected, atol=1e-5, err_msg=weight.path)


@OUTPUTS
def test_each_weight_is_there_once(use_ememory, make_model, batch, tmp_path):
    tied = make_model(tie_embeddings=True, use_ememory=use_ememory)
    paths = [weight.path.split("/", 1)[1] for weight in tied.weights]
    untied = [
        weight.path.split("/", 1)[1] for weight in make_model(use_ememory=use_ememory).weights
    ]
    layer = tied.vocabulary_output.name
    assert set(untied) - set(paths) == {f"{layer}/kernel"}
    assert set(paths) - set(untied) == {f"{layer}/projection"}
    assert len(paths) == len(set(paths))
    randomize(tied).save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.vocabulary_output.embedding is loaded.decoder.embedding
    np.testing.assert_array_equal(loaded.reply_nll(batch)[0], tied.reply_nll(batch)[0])


def test_the_layers_work_outside_of_the_model():
    embedding = keras.layers.Embedding(11, 5)
    features = np.random.default_rng(1).normal(size=[2, 8]).astype("float32")
    for layer in (VocabularyOutput(11, embedding), ExternalMemoryOutput(11, 3, embedding)):
        log_probs = layer(features, tf.constant([0, 1]))
        logits = features @ layer.projection.numpy() @ embedding.embeddings.numpy().T
        np.testing.assert_allclose(log_probs, tf.nn.log_softmax(logits), atol=1e-5)
        restored = type(layer).from_config(layer.get_config())
        assert restored.get_config() == layer.get_config()
        restored.build(features.shape)
        assert len(restored.weights) == len(layer.weights)
    with pytest.raises(ValueError, match=r"Received: vocabulary_size=9, embedding.input_dim=11"):
        VocabularyOutput(9, embedding)
