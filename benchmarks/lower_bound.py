"""The limit: the vocabulary projection's products, and nothing else."""

import tensorflow as tf

STEPS = 20
"""Steps of a bare decoding loop."""


def training_products(tokens: int, size: int, vocabulary: int):
    """A function that computes one product forward and two backward, float32."""
    features = tf.random.normal([tokens, size])
    kernel = tf.random.normal([size, vocabulary])
    gradient = tf.random.normal([tokens, vocabulary])

    @tf.function
    def run():
        logits = tf.matmul(features, kernel)
        d_features = tf.matmul(gradient, kernel, transpose_b=True)
        d_kernel = tf.matmul(features, gradient, transpose_a=True)
        # A corner of each is enough to need all of it.
        return logits[0, 0] + d_features[0, 0] + d_kernel[0, 0]

    return run


def decoding_products(batch: int, size: int, vocabulary: int, beams: int = 1, top_k: int = 0):
    """A function that computes `STEPS` projections one after another, float32.

    Args:
        batch: posts.
        size, vocabulary: of the projection.
        beams: rows of a post.
        top_k: how many words of a post's rows together are ranked at every step; 0: none.
    """
    kernel = tf.random.normal([size, vocabulary])
    start = tf.random.normal([batch * beams, size])

    def step(t, features, ranked):
        logits = tf.matmul(features, kernel)
        if top_k:
            ranked += tf.math.top_k(tf.reshape(logits, [batch, -1]), top_k).values[0, 0]
        # The next step needs all of this one, as a search does.
        return t + 1, features + 1e-30 * (logits[:, :size] + ranked), ranked

    @tf.function
    def run():
        return tf.while_loop(lambda t, *_: t < STEPS, step, (0, start, 0.0))[1]

    return run
