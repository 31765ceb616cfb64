"""Blocked words: a step function that forbids words from completing one in the reply's text."""

from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf

from ecm_tf.core.errors import InputError
from ecm_tf.core.files import read_lines
from ecm_tf.decoding.replies import Step
from ecm_tf.decoding.word_automaton import WordAutomaton
from ecm_tf.layers.masking import IMPOSSIBLE, additive_mask
from ecm_tf.text.normalization import text_tensor
from ecm_tf.text.processor import TextProcessor
from ecm_tf.text.units import units_of


def read_block_words(source: str | Sequence[str]) -> tuple[str, ...]:
    """Returns blocked words as text.

    Args:
        source: the words; or the path of a UTF-8 file with one word or phrase per line, in which
            empty lines and lines that begin with `#` are ignored.

    Raises:
        InputError: the file is missing or not UTF-8, or there are no words.
    """
    if not isinstance(source, str):
        words, name = list(source), "block_words"
    else:
        name = source
        lines = read_lines(Path(source), "blocked words, one per line")
        words = [line for line in lines if line.strip() and not line.startswith("#")]
    if not words:
        raise InputError(f"{name}: expected at least one blocked word, got none.")
    return tuple(words)


def block_words_automaton(words: Sequence[str], text: TextProcessor) -> WordAutomaton:
    """Returns an automaton that finds words in the texts of a model's replies.

    Args:
        words: blocked words, at least one, as raw text.
        text: the model's text processing, which normalizes and splits them as it does posts.

    Raises:
        InputError: a word has no tokens.
    """
    segmenter = text.assets.segmenter
    # The words are tokenized at once, also while a graph is being traced.
    with tf.init_scope():
        tokens = text.tokenize(text_tensor(words)).to_list()
    patterns = []
    for word, row in zip(words, tokens, strict=True):
        patterns.append([unit for token in row for unit in units_of(token.decode(), segmenter)])
        if not patterns[-1]:
            raise InputError(f"block_words: expected words, got {word!r}.")
    return WordAutomaton(
        patterns, [units_of(word, segmenter) for word in text.assets.response_words]
    )


def block_words(
    step: Step, state: list[tf.Tensor], automaton: WordAutomaton
) -> tuple[Step, list[tf.Tensor]]:
    """Masks every word that would complete a pattern of the automaton.

    The end token is never masked. It works with any search: the automaton's state is one more entry
    of the state, and follows its beam.

    Args:
        step: `step(words, state) -> (log_probs, state)`, as for
            `ecm_tf.decoding.decode_loop.decode`.
        state: tensors `(rows, …)` before the first step.
        automaton: an automaton over the vocabulary of `step`.

    Returns:
        A step function and the state before its first step. Its log-probabilities equal those of
        `step`, except for masked words.
    """
    vocabulary = len(automaton.next)

    def blocking_step(
        words: tf.Tensor, state: list[tf.Tensor]
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        *inner_state, matched = state
        matched = _advance(automaton, matched, words)
        log_probs, inner_state = step(words, inner_state)
        masked = log_probs + additive_mask(automaton.forbidden)
        if automaton.forbidden_words.size:
            by_state = tf.RaggedTensor.from_row_splits(
                automaton.forbidden_words, automaton.forbidden_splits, validate=False
            )
            forbidden = tf.gather(by_state, matched)
            rows = tf.cast(forbidden.value_rowids(), tf.int32)
            indices = tf.stack([rows, forbidden.flat_values], axis=-1)
            mask = tf.fill(tf.shape(rows), IMPOSSIBLE)
            masked = tf.tensor_scatter_nd_add(masked, indices, mask)
        return tf.ensure_shape(masked, [None, vocabulary]), [*inner_state, matched]

    rows = tf.shape(state[0])[0]
    return blocking_step, [*state, tf.zeros([rows], tf.int32)]


def _advance(automaton: WordAutomaton, matched: tf.Tensor, words: tf.Tensor) -> tf.Tensor:
    """Returns the states after one more word: int32 `(rows,)`."""
    keys = tf.constant(automaton.next_keys)
    key = tf.cast(matched, tf.int64) * len(automaton.next) + tf.cast(words, tf.int64)
    place = tf.searchsorted(keys, key)
    return tf.where(
        tf.gather(keys, place) == key,
        tf.gather(automaton.next_states, place),
        tf.gather(automaton.next, words),
    )
