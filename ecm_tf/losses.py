"""Loss terms as pure functions, in log space and float32 whatever the precision policy."""

import tensorflow as tf

CHUNK = 640
"""Tokens whose logits exist at the same time: memory grows with this times the vocabulary only."""

_NEVER = -1e30
"""Logit of a word that is not allowed: finite, so that no gradient can become NaN."""


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


def _logits(features, kernel, bias, allowed):
    """Float32 `(tokens, words)`; `_NEVER` where a word is not allowed."""
    logits = tf.cast(tf.matmul(features, kernel), tf.float32) + bias
    return logits if allowed is None else tf.where(allowed, logits, _NEVER)


def masked_logsumexp(logits, mask):
    """Float32 `(rows, words)`, bool `(rows, words)` → `(rows,)`, about -1e30 where none is True."""
    return tf.reduce_logsumexp(tf.where(mask, logits, _NEVER), axis=-1)


def _nll(logits, targets):
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=logits)


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


def projected_nll(features, kernel, bias, targets, allowed=None):
    """Negative log-likelihood of each target under a softmax over the allowed words, in chunks.

    Args:
        features: float `(tokens, size)`.
        kernel: float32 `(size, words)`.
        bias: float32 `(words,)`.
        targets: int32 `(tokens,)`.
        allowed: function of a slice of the tokens, giving bool `(slice, words)`; absent: all words.

    Returns:
        float32 `(tokens,)`, in nats. It has no gradient: `weighted_nll` trains.
    """
    kernel, bias = tf.cast(kernel, features.dtype), tf.convert_to_tensor(bias)

    def body(index, chunk, losses):
        logits = _logits(features[chunk], kernel, bias, allowed and allowed(chunk))
        return (losses.write(index, _nll(logits, targets[chunk])),)

    tokens = tf.shape(features)[0]
    (losses,) = _for_each_chunk(body, tokens, (_rows(tokens),))
    return tf.stop_gradient(losses.concat())


def weighted_nll(features, kernel, bias, targets, weights, allowed=None):
    """Weighted sum of `projected_nll`, whose gradient is computed in the same pass.

    A chunk's logits serve its loss and its gradients while they are at hand, and are never kept:
    one product forward and two backward, the least there can be.

    Args:
        features, kernel, bias, targets, allowed: as for `projected_nll`.
        weights: float32 `(tokens,)`.

    Returns:
        float32 scalar, and `projected_nll` as float32 `(tokens,)` without gradient.
    """

    @tf.custom_gradient
    def fused(features, kernel, bias):
        tokens, size = tf.shape(features)[0], features.shape[-1]
        low_kernel = tf.cast(kernel, features.dtype)
        # Relative weights stay near 1, so that float16 products neither vanish nor overflow.
        scale = tf.maximum(tf.reduce_max(weights), 1e-30)

        def body(index, chunk, losses, d_features, d_kernel, d_bias):
            logits = _logits(features[chunk], low_kernel, bias, allowed and allowed(chunk))
            nll = _nll(logits, targets[chunk])
            d_logits = tf.nn.softmax(logits) - tf.one_hot(targets[chunk], tf.shape(logits)[1])
            d_logits *= tf.expand_dims(weights[chunk] / scale, 1)
            low = tf.cast(d_logits, features.dtype)
            d_chunk = tf.cast(tf.matmul(low, low_kernel, transpose_b=True), tf.float32)
            return (
                losses.write(index, nll),
                d_features.write(index, d_chunk),
                d_kernel + tf.cast(tf.matmul(features[chunk], low, transpose_a=True), tf.float32),
                d_bias + tf.reduce_sum(d_logits, 0),
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
