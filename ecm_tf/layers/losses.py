"""Loss terms as pure functions, in log space and float32 whatever the precision policy."""

from typing import NamedTuple

import tensorflow as tf

CHUNK = 320
"""Tokens whose logits exist at the same time: memory grows with this times the vocabulary only."""

NEVER = -1e30
"""Logit of a word that is barred: finite, so that no gradient can become NaN."""


def token_weights(response_lengths):
    """Weights that average over each response's tokens, then over the batch.

    Args:
        response_lengths: int `(batch,)`, tokens of each response including its end, at least 0.

    Returns:
        float32 `(batch,)`: the weight of every token of that response.
    """
    lengths = tf.cast(tf.maximum(response_lengths, 1), tf.float32)
    return 1.0 / (lengths * tf.cast(tf.size(response_lengths), tf.float32))


def memory_loss(memory):
    """Punishes memory that was not used up: `sum(M_end ** 2) / batch` (ECM, eq. 15, last term).

    The paper writes the norm, the original program squares it.

    Args:
        memory: float `(batch, memory_size)`, after the last step.

    Returns:
        float32 scalar.
    """
    memory = tf.cast(memory, tf.float32)
    return tf.reduce_sum(tf.square(memory)) / tf.cast(tf.shape(memory)[0], tf.float32)


class Barred(NamedTuple):
    """Words that some targets do not compete with."""

    classes: tf.Tensor
    """Int32 `(tokens,)`: the class of each target."""
    words: tf.Tensor
    """Bool `(classes, words)`: what is barred from the softmax of a class."""


def barring(mask):
    """What is to be added to logits where a mask is True, float32: the word becomes impossible."""
    return tf.where(mask, NEVER, 0.0)


def log_partition(logits, probabilities=None):
    """The logarithm of the sum of exponentials: what `tf.reduce_logsumexp` gives, and faster.

    Of all probabilities the largest cannot vanish, and it says by how much the largest logit lies
    below the sum.

    Args:
        logits: float32 `(rows, words)`, finite.
        probabilities: their softmax, if it is at hand.

    Returns:
        float32 `(rows,)`.
    """
    if probabilities is None:
        probabilities = tf.nn.softmax(logits)
    return tf.reduce_max(logits, -1) - tf.math.log(tf.reduce_max(probabilities, -1))


def _offsets(bias, barred):
    """A function of a slice of the tokens: float32 `(slice or 1, words)`, to be added to logits."""
    if barred is None:
        return lambda chunk: bias[None]
    table = bias + barring(barred.words)
    return lambda chunk: tf.gather(table, barred.classes[chunk])


def _softmax(features, kernel, offsets, targets):
    """Negative log-likelihoods `(tokens,)` and probabilities `(tokens, words)`, float32."""
    logits = tf.cast(tf.matmul(features, kernel), tf.float32) + offsets
    probabilities = tf.nn.softmax(logits)
    total = log_partition(logits, probabilities)
    return total - tf.gather(logits, targets, batch_dims=1), probabilities


def _chunks(tokens):
    # At least one, which may be empty: an empty collection cannot be concatenated.
    return tf.maximum((tokens + CHUNK - 1) // CHUNK, 1)


def _for_each_chunk(body, tokens, state):
    """Folds `body(index, slice of the tokens, *state) -> state` over the chunks."""

    def step(index, *state):
        chunk = slice(index * CHUNK, tf.minimum((index + 1) * CHUNK, tokens))
        return (index + 1, *body(index, chunk, *state))

    more = lambda index, *_: index < _chunks(tokens)  # noqa: E731
    return tf.while_loop(more, step, (0, *state), parallel_iterations=1)[1:]


def _rows(tokens, *shape):
    """Collects one float array a chunk; `concat` gives `(tokens, *shape)`."""
    return tf.TensorArray(
        tf.float32, _chunks(tokens), infer_shape=False, element_shape=[None, *shape]
    )


def projected_nll(features, kernel, bias, targets, barred=None):
    """Negative log-likelihood of each target under a softmax over words, in chunks.

    Args:
        features: float `(tokens, size)`.
        kernel: float32 `(size, words)`.
        bias: float32 `(words,)`.
        targets: int32 `(tokens,)`.
        barred: a `Barred`; absent: all words compete. No target may be barred itself.

    Returns:
        float32 `(tokens,)`, in nats. It has no gradient: `weighted_nll` trains.
    """
    kernel = tf.cast(kernel, features.dtype)
    offsets = _offsets(tf.convert_to_tensor(bias), barred)

    def body(index, chunk, losses):
        nll, _ = _softmax(features[chunk], kernel, offsets(chunk), targets[chunk])
        return (losses.write(index, nll),)

    tokens = tf.shape(features)[0]
    (losses,) = _for_each_chunk(body, tokens, (_rows(tokens),))
    return tf.stop_gradient(losses.concat())


def weighted_nll(features, kernel, bias, targets, weights, barred=None):
    """Weighted sum of `projected_nll`, whose gradient is computed in the same pass.

    A chunk's logits serve its loss and its gradients while they are at hand, and are never kept:
    one product forward and two backward, the least there can be.

    Args:
        features, kernel, bias, targets, barred: as for `projected_nll`.
        weights: float32 `(tokens,)`.

    Returns:
        float32 scalar, and `projected_nll` as float32 `(tokens,)` without gradient.
    """

    @tf.custom_gradient
    def fused(features, kernel, bias):
        tokens, size = tf.shape(features)[0], features.shape[-1]
        low_kernel = tf.cast(kernel, features.dtype)
        offsets = _offsets(bias, barred)
        # Relative weights stay near 1, so that float16 products neither vanish nor overflow.
        scale = tf.maximum(tf.reduce_max(weights), 1e-30)
        relative = weights / scale
        # The gradient of the logits is a row's weight times (probabilities - one-hot). The weights
        # go to the narrow side of both products, and never through the vocabulary.
        weighted = features * tf.cast(relative, features.dtype)[:, None]

        def body(index, chunk, losses, d_features, d_kernel, d_bias):
            nll, surplus = _softmax(features[chunk], low_kernel, offsets(chunk), targets[chunk])
            places = tf.stack([tf.range(tf.size(nll)), targets[chunk]], axis=1)
            # Nobody else wants the probabilities then: they are changed in place.
            with tf.control_dependencies([nll]):
                surplus = tf.tensor_scatter_nd_sub(surplus, places, tf.ones_like(nll))
            low = tf.cast(surplus, features.dtype)
            d_chunk = tf.cast(tf.matmul(low, low_kernel, transpose_b=True), tf.float32)
            return (
                losses.write(index, nll),
                d_features.write(index, d_chunk * relative[chunk, None]),
                d_kernel + tf.cast(tf.matmul(weighted[chunk], low, transpose_a=True), tf.float32),
                d_bias + tf.linalg.matvec(surplus, relative[chunk], transpose_a=True),
            )

        start = (_rows(tokens), _rows(tokens, size), tf.zeros_like(kernel), tf.zeros_like(bias))
        losses, d_features, d_kernel, d_bias = _for_each_chunk(body, tokens, start)
        nll, d_features = losses.concat(), d_features.concat()

        def gradient(d_total, _):
            factor = d_total * scale
            return tf.cast(d_features * factor, features.dtype), d_kernel * factor, d_bias * factor

        return (tf.reduce_sum(nll * weights), nll), gradient

    total, nll = fused(features, tf.convert_to_tensor(kernel), tf.convert_to_tensor(bias))
    return total, tf.stop_gradient(nll)
