"""Sampling without random operations: the caller provides the noise.

TensorFlow Lite files on different platforms have different random numbers, or none. With Gumbel
noise from the caller, greedy search samples: for independent g_w ~ Gumbel(0, 1),

    argmax_w (log P(w) / temperature + g_w) ~ softmax(log P / temperature)

(the Gumbel-max trick), and so does `argmax_w (log P(w) + temperature * g_w)`. The input is
`temperature * g`; zeros give the greedy reply.
"""

import tensorflow as tf

from ecm_tf.decoding.decode_loop import decode
from ecm_tf.decoding.replies import MASKED_IDS, Replies, Step, mask_early_end, mask_words
from ecm_tf.text.vocabulary import EOS

_STEP_STRIDE, _ROW_STRIDE = 7919, 104_729
"""Rotation of the noise from one step, and from one row of the batch, to the next; primes."""


def perturbed_greedy_search(
    step: Step,
    state: list[tf.Tensor],
    max_length: int,
    noise: tf.Tensor,
    *,
    min_length: int = 0,
) -> Replies:
    """Chooses the word with the highest sum of log-probability and noise at every step.

    Each row and step gets another rotation of the same noise.

    Args:
        step, state, max_length, min_length: as for `ecm_tf.decoding.greedy_search`.
        noise: float32 `(vocabulary,)`, finite.

    Returns:
        The replies; scores are log-probabilities of the model in nats, without the noise.
    """
    vocabulary = noise.shape[0]
    rows = tf.range(tf.shape(state[0])[0])

    def choose(log_probs: tf.Tensor, t: tf.Tensor) -> tf.Tensor:
        start = tf.math.floormod(t * _STEP_STRIDE + rows * _ROW_STRIDE, vocabulary)
        index = start[:, None] + tf.range(vocabulary)[None, :]
        index = tf.where(index < vocabulary, index, index - vocabulary)
        masked = mask_early_end(mask_words(log_probs, MASKED_IDS), t, min_length, EOS)
        return tf.argmax(masked + tf.gather(noise, index), axis=-1, output_type=tf.int32)

    return decode(step, state, choose, max_length)
