"""The fused Adam against Keras's."""

import keras
import numpy as np
import tensorflow as tf

from ecm_tf.training.adam import FusedAdam


def test_fused_adam_updates_weights_as_keras_does():
    results = [_trained(optimizer) for optimizer in (FusedAdam, keras.optimizers.Adam)]
    for fused, expected in zip(*results, strict=True):
        np.testing.assert_allclose(fused, expected, rtol=1e-5, atol=1e-6)


def _trained(optimizer_class):
    """Returns the weights and moments after some steps with dense and sparse gradients."""
    random = np.random.default_rng(0)
    kernel = keras.Variable(random.normal(size=[5, 3]), dtype="float32")
    embedding = keras.Variable(random.normal(size=[7, 3]), dtype="float32")
    optimizer = optimizer_class(0.01, global_clipnorm=1.0)
    optimizer.build([kernel, embedding])

    @tf.function
    def step(inputs, ids):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum((inputs @ kernel.value - 1) ** 2)
            loss += tf.reduce_sum(tf.gather(embedding.value, ids) ** 3)
        weights = [kernel, embedding]
        gradients = tape.gradient(loss, [weight.value for weight in weights])
        optimizer.apply_gradients(zip(gradients, weights, strict=True))

    for _ in range(10):
        inputs = tf.constant(random.normal(size=[4, 5]), tf.float32)
        step(inputs, tf.constant(random.integers(0, 7, 4)))
    return [variable.numpy() for variable in [kernel, embedding, *optimizer.variables]]
