"""The matmul lower bound: the matrix products of the vocabulary projection and nothing else.

The projection dominates the computation of a training or decoding step, so no implementation of the
same model in the same precision can be faster than these products.
"""

from collections.abc import Callable

import tensorflow as tf

STEPS = 20
"""Steps of the loop that `decoding_products` returns."""


def training_products(tokens: int, size: int, vocabulary: int) -> Callable[[], tf.Tensor]:
    """Returns a function that computes one product forward and two backward, in float32."""
    features = tf.random.normal([tokens, size])
    kernel = tf.random.normal([size, vocabulary])
    gradient = tf.random.normal([tokens, vocabulary])

    @tf.function
    def run() -> tf.Tensor:
        logits = tf.matmul(features, kernel)
        d_features = tf.matmul(gradient, kernel, transpose_b=True)
        d_kernel = tf.matmul(features, gradient, transpose_a=True)
        # One element of each result keeps TensorFlow from pruning its product.
        return logits[0, 0] + d_features[0, 0] + d_kernel[0, 0]

    return run


def decoding_products(
    batch: int, size: int, vocabulary: int, beams: int = 1, top_k: int = 0
) -> Callable[[], tf.Tensor]:
    """Returns a function that computes `STEPS` projections one after another, in float32.

    Args:
        batch: number of posts.
        size: units of the decoder.
        vocabulary: number of words.
        beams: beams per post.
        top_k: number of candidates that `top_k` selects per post at every step; 0: none.
    """
    kernel = tf.random.normal([size, vocabulary])
    start = tf.random.normal([batch * beams, size])

    def step(
        t: tf.Tensor, features: tf.Tensor, ranked: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        logits = tf.matmul(features, kernel)
        if top_k:
            ranked += tf.math.top_k(tf.reshape(logits, [batch, -1]), top_k).values[0, 0]
        # Each step depends on the previous one, as in a search.
        return t + 1, features + 1e-30 * (logits[:, :size] + ranked), ranked

    @tf.function
    def run() -> tf.Tensor:
        return tf.while_loop(lambda t, *_: t < STEPS, step, (0, start, 0.0))[1]

    return run
