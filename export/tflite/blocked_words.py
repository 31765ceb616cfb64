"""Blocked words with the operations of TensorFlow Lite, which has no ragged tensors and no search.

It compares each state with all exceptions of the automaton at every step, which suits short lists.
"""

from itertools import pairwise

import numpy as np
import tensorflow as tf

from ecm_tf.core.errors import InputError
from ecm_tf.decoding.replies import Step
from ecm_tf.decoding.word_automaton import WordAutomaton
from ecm_tf.layers.masking import IMPOSSIBLE, additive_mask
from ecm_tf.text.vocabulary import PAD


def block_words(
    step: Step, state: list[tf.Tensor], automaton: WordAutomaton
) -> tuple[Step, list[tf.Tensor]]:
    """Masks every word that would complete a pattern of the automaton.

    Args and results are those of `ecm_tf.decoding.block_words`.

    Raises:
        InputError: the list is too long: a state and a word do not fit into an int32 key.
    """
    vocabulary = len(automaton.next)
    if automaton.num_states * vocabulary > np.iinfo(np.int32).max:
        raise InputError(
            f"block_words: expected at most {np.iinfo(np.int32).max // vocabulary:,} states for "
            f"TensorFlow Lite, got {automaton.num_states:,}; shorten the list of blocked words."
        )
    keys = automaton.next_keys[:-1].astype(np.int32)
    next_states = automaton.next_states[:-1]
    forbidden_words = _padded(automaton)

    def blocking_step(
        words: tf.Tensor, state: list[tf.Tensor]
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        *inner_state, matched = state
        matched = advance(matched, words)
        log_probs, inner_state = step(words, inner_state)
        forbidden = tf.gather(forbidden_words, matched)
        rows = tf.expand_dims(tf.range(tf.shape(matched)[0]), 1)
        indices = tf.stack([tf.broadcast_to(rows, tf.shape(forbidden)), forbidden], axis=-1)
        mask = tf.scatter_nd(indices, tf.fill(tf.shape(forbidden), IMPOSSIBLE), tf.shape(log_probs))
        return log_probs + additive_mask(automaton.forbidden) + mask, [*inner_state, matched]

    def advance(matched: tf.Tensor, words: tf.Tensor) -> tf.Tensor:
        """Returns the states after one more word: int32 `(rows,)`."""
        is_exception = tf.expand_dims(matched * vocabulary + words, 1) == keys
        exception = tf.reduce_sum(tf.where(is_exception, next_states, 0), axis=1)
        usual = tf.gather(automaton.next, words)
        return tf.where(tf.reduce_any(is_exception, axis=1), exception, usual)

    return blocking_step, [*state, tf.zeros(tf.shape(state[0])[:1], tf.int32)]


def _padded(automaton: WordAutomaton) -> np.ndarray:
    """Returns the words that each state forbids, int32 `(states, width)`.

    They are padded with PAD, which no search chooses.
    """
    splits = automaton.forbidden_splits
    result = np.full([automaton.num_states, max(1, np.diff(splits).max())], PAD, np.int32)
    for state, (first, last) in enumerate(pairwise(splits)):
        result[state, : last - first] = automaton.forbidden_words[first:last]
    return result
