"""Greedy search: the most probable word at every step."""

from collections.abc import Sequence

import tensorflow as tf

from ecm_tf.decoding.decode_loop import decode
from ecm_tf.decoding.replies import MASKED_IDS, Replies, Step, mask_early_end, mask_words
from ecm_tf.text.vocabulary import EOS


def greedy_search(
    step: Step,
    state: list[tf.Tensor],
    max_length: int,
    *,
    masked_ids: Sequence[int] = MASKED_IDS,
    min_length: int = 0,
    end: int = EOS,
) -> Replies:
    """Chooses the most probable word at every step.

        y_t = argmax_w P(w | y_<t)

    Args:
        step, state, max_length, end: as for `ecm_tf.decoding.decode_loop.decode`.
        masked_ids: token ids that are never chosen.
        min_length: minimum number of words in a reply, 0 or more: the end token is masked at the
            first `min_length` steps.

    Returns:
        The replies; scores are log-probabilities in nats.
    """

    def choose(log_probs: tf.Tensor, t: tf.Tensor) -> tf.Tensor:
        masked = mask_early_end(mask_words(log_probs, masked_ids), t, min_length, end)
        return tf.argmax(masked, axis=-1, output_type=tf.int32)

    return decode(step, state, choose, max_length, end)
