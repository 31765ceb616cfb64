"""Loss terms as pure functions, in log space and float32 whatever the precision policy."""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from ecm_tf.layers.masking import additive_mask

CHUNK = 320
"""Tokens whose logits exist at the same time: memory grows with `CHUNK * vocabulary` only."""


def token_weights(response_lengths: tf.Tensor) -> tf.Tensor:
    """Returns weights that average over the tokens of each response, then over the batch.

        weight_b = 1 / (length_b * batch)

    Args:
        response_lengths: int `(batch,)`, tokens of each response including the end token, at
            least 0.

    Returns:
        float32 `(batch,)`: the weight of every token of that response.
    """
    lengths = tf.cast(tf.maximum(response_lengths, 1), tf.float32)
    return 1.0 / (lengths * tf.cast(tf.size(response_lengths), tf.float32))


def memory_loss(memory: tf.Tensor) -> tf.Tensor:
    """Returns the penalty for internal memory that is left after the last step (ECM, eq. 15).

        loss = sum(M_end ** 2) / max(batch, 1)

    The paper writes the norm; the original program squares it.

    Args:
        memory: float `(batch, memory_size)`, after the last step.

    Returns:
        float32 scalar.
    """
    memory = tf.cast(memory, tf.float32)
    return tf.reduce_sum(tf.square(memory)) / tf.cast(
        tf.maximum(tf.shape(memory)[0], 1), tf.float32
    )


class MaskedWords(NamedTuple):
    """Words that are excluded from the softmax of some targets."""

    classes: tf.Tensor
    """Int32 `(tokens,)`: the class of each target, an index into `masks`."""
    masks: tf.Tensor
    """Bool `(classes, words)`: True where a word is excluded from the softmax of the class."""


def log_partition(logits: tf.Tensor, probabilities: tf.Tensor | None = None) -> tf.Tensor:
    """Returns `log(sum(exp(logits)))`, as `tf.reduce_logsumexp` does, but faster.

    The largest probability cannot underflow, and `log(max p) = max(logits) - logsumexp(logits)`.
    Hence `logsumexp(logits) = max(logits) - log(max p)`, without a second pass of exponentials.

    Args:
        logits: float32 `(rows, words)`, finite.
        probabilities: `softmax(logits)`, if already computed.

    Returns:
        float32 `(rows,)`.
    """
    if probabilities is None:
        probabilities = tf.nn.softmax(logits)
    return tf.reduce_max(logits, -1) - tf.math.log(tf.reduce_max(probabilities, -1))


def _offset_function(
    bias: tf.Tensor, masked_words: MaskedWords | None
) -> Callable[[slice], tf.Tensor]:
    """Returns a function from a slice of the tokens to what is added to their products.

    The result of that function, float32 `(tokens of the slice or 1, words)`, is the bias plus the
    mask of each target's class.
    """
    if masked_words is None:
        return lambda chunk: bias[None]
    table = bias + additive_mask(masked_words.masks)
    return lambda chunk: tf.gather(table, masked_words.classes[chunk])


def _softmax_nll(
    features: tf.Tensor, kernel: tf.Tensor, offsets: tf.Tensor, targets: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns negative log-likelihoods `(tokens,)` and probabilities `(tokens, words)`, float32."""
    logits = tf.cast(tf.matmul(features, kernel), tf.float32) + offsets
    probabilities = tf.nn.softmax(logits)
    total = log_partition(logits, probabilities)
    return total - tf.gather(logits, targets, batch_dims=1), probabilities


def _smoothed_nll(
    products: tf.Tensor,
    bias: tf.Tensor,
    mask: tf.Tensor | None,
    targets: tf.Tensor,
    smoothing: float,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns smoothed losses `(tokens,)` and their gradient `(tokens, words)`, float32.

        loss = (1 - smoothing) * nll of the target + smoothing * mean nll of all words

    Words that `mask`, bool `(tokens, words)`, excludes from the target's softmax have a softmax of
    their own. The gradient is that of the logits, without the target's term `smoothing - 1`.
    """
    logits = products + bias
    own_logits = logits if mask is None else logits + additive_mask(mask)
    own = tf.nn.softmax(own_logits)
    partition = log_partition(own_logits, own)
    target = tf.gather(logits, targets, batch_dims=1)
    loss = partition - (1 - smoothing) * target - smoothing * tf.reduce_mean(logits, -1)
    gradient = own - smoothing / logits.shape[-1]
    if mask is not None:
        other_logits = logits + additive_mask(~mask)
        other = tf.nn.softmax(other_logits)
        share = smoothing * tf.reduce_mean(tf.cast(mask, tf.float32), -1)
        loss += share * (log_partition(other_logits, other) - partition)
        gradient += share[:, None] * (other - own)
    return loss, gradient


def _num_chunks(tokens: tf.Tensor) -> tf.Tensor:
    # At least one chunk, which may be empty: TensorArray.concat fails on an empty array.
    return tf.maximum((tokens + CHUNK - 1) // CHUNK, 1)


def _for_each_chunk(
    body: Callable[..., tuple[Any, ...]], tokens: tf.Tensor, state: tuple[Any, ...]
) -> tuple[Any, ...]:
    """Folds `body(index, slice of the tokens, *state) -> state` over the chunks."""

    def step(index: tf.Tensor, *state: Any) -> tuple[Any, ...]:
        chunk = slice(index * CHUNK, tf.minimum((index + 1) * CHUNK, tokens))
        return (index + 1, *body(index, chunk, *state))

    def condition(index: tf.Tensor, *_: Any) -> tf.Tensor:
        return index < _num_chunks(tokens)

    return tf.while_loop(condition, step, (0, *state), parallel_iterations=1)[1:]


def _chunk_array(tokens: tf.Tensor, *shape: int) -> tf.TensorArray:
    """Returns an array of one float32 entry for each chunk; `concat` gives `(tokens, *shape)`."""
    return tf.TensorArray(
        tf.float32, _num_chunks(tokens), infer_shape=False, element_shape=[None, *shape]
    )


def projected_nll(
    features: tf.Tensor,
    kernel: tf.Tensor,
    bias: tf.Tensor,
    targets: tf.Tensor,
    masked_words: MaskedWords | None = None,
) -> tf.Tensor:
    """Returns the negative log-likelihood of each target under a softmax over words, in chunks.

        nll = logsumexp(features kernel + bias) - (features kernel + bias)[target]

    Args:
        features: float `(tokens, size)`.
        kernel: float32 `(size, words)`.
        bias: float32 `(words,)`.
        targets: int32 `(tokens,)`, in `[0, words)`.
        masked_words: words that each target does not compete with, never the target itself; None
            masks no word.

    Returns:
        float32 `(tokens,)`, in nats. It has no gradient; train with `weighted_nll`.
    """
    kernel = tf.cast(kernel, features.dtype)
    offsets = _offset_function(tf.convert_to_tensor(bias), masked_words)

    def body(index: tf.Tensor, chunk: slice, losses: tf.TensorArray) -> tuple[Any, ...]:
        nll, _ = _softmax_nll(features[chunk], kernel, offsets(chunk), targets[chunk])
        return (losses.write(index, nll),)

    tokens = tf.shape(features)[0]
    (losses,) = _for_each_chunk(body, tokens, (_chunk_array(tokens),))
    return tf.stop_gradient(losses.concat())


def weighted_nll(
    features: tf.Tensor,
    kernel: tf.Tensor,
    bias: tf.Tensor,
    targets: tf.Tensor,
    weights: tf.Tensor,
    masked_words: MaskedWords | None = None,
    smoothing: float = 0.0,
    chunked: bool = True,
) -> tf.Tensor:
    """Returns `sum(weights * nll)`, and computes its gradient in the same pass.

    The logits of a chunk are used for its loss and its gradients, and are not kept. This takes one
    matmul forward and two backward, the minimum.

    Args:
        features, kernel, bias, targets, masked_words: as for `projected_nll`.
        weights: float32 `(tokens,)`, 0 or more.
        smoothing: label smoothing, in [0, 1): the share of the loss that is the mean nll of all
            words instead of the target's. Masked words have a softmax of their own.
        chunked: False computes the logits of all tokens at once. XLA needs that, because the size
            of a chunk is not static.

    Returns:
        float32 scalar.
    """

    @tf.custom_gradient
    def fused(
        features: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor
    ) -> tuple[tf.Tensor, Callable[..., tuple[tf.Tensor, ...]]]:
        tokens, size = tf.shape(features)[0], features.shape[-1]
        low_kernel = tf.cast(kernel, features.dtype)
        offsets = _offset_function(bias, masked_words)
        # Weights relative to the largest are near 1: float16 products neither vanish nor overflow.
        scale = tf.maximum(tf.reduce_max(weights), 1e-30)
        relative = weights / scale
        # The gradient of a row's logits is its weight times (probabilities - one-hot). The weights
        # multiply the factors of `size` columns, never the ones of `words` columns.
        weighted = features * tf.cast(relative, features.dtype)[:, None]

        def nll_and_gradient(chunk: slice) -> tuple[tf.Tensor, tf.Tensor]:
            if not smoothing:
                return _softmax_nll(features[chunk], low_kernel, offsets(chunk), targets[chunk])
            products = tf.cast(tf.matmul(features[chunk], low_kernel), tf.float32)
            mask = masked_words and tf.gather(masked_words.masks, masked_words.classes[chunk])
            return _smoothed_nll(products, bias, mask, targets[chunk], smoothing)

        def of_chunk(chunk: slice) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
            """Returns the nll of the chunk, and the gradients of features, kernel and bias."""
            nll, d_logits = nll_and_gradient(chunk)
            places = tf.stack([tf.range(tf.size(nll)), targets[chunk]], axis=1)
            # Once the losses are computed, the probabilities have no other reader, so that
            # TensorFlow can update them in place.
            with tf.control_dependencies([nll]):
                d_logits = tf.tensor_scatter_nd_sub(
                    d_logits, places, tf.fill([tf.size(nll)], 1 - smoothing)
                )
            low = tf.cast(d_logits, features.dtype)
            d_chunk = tf.cast(tf.matmul(low, low_kernel, transpose_b=True), tf.float32)
            return (
                nll,
                d_chunk * relative[chunk, None],
                tf.cast(tf.matmul(weighted[chunk], low, transpose_a=True), tf.float32),
                tf.linalg.matvec(d_logits, relative[chunk], transpose_a=True),
            )

        def body(
            index: tf.Tensor,
            chunk: slice,
            losses: tf.TensorArray,
            d_features: tf.TensorArray,
            d_kernel: tf.Tensor,
            d_bias: tf.Tensor,
        ) -> tuple[Any, ...]:
            nll, d_chunk, d_chunk_kernel, d_chunk_bias = of_chunk(chunk)
            return (
                losses.write(index, nll),
                d_features.write(index, d_chunk),
                d_kernel + d_chunk_kernel,
                d_bias + d_chunk_bias,
            )

        if chunked:
            start = (
                _chunk_array(tokens),
                _chunk_array(tokens, size),
                tf.zeros_like(kernel),
                tf.zeros_like(bias),
            )
            losses, d_features, d_kernel, d_bias = _for_each_chunk(body, tokens, start)
            nll, d_features = losses.concat(), d_features.concat()
        else:
            nll, d_features, d_kernel, d_bias = of_chunk(slice(None))

        def gradient(d_total: tf.Tensor) -> tuple[tf.Tensor, ...]:
            factor = d_total * scale
            return tf.cast(d_features * factor, features.dtype), d_kernel * factor, d_bias * factor

        return tf.reduce_sum(nll * weights), gradient

    return fused(features, tf.convert_to_tensor(kernel), tf.convert_to_tensor(bias))
