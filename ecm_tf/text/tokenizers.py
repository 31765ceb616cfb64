"""Tokenizers, in the graph: text to tokens and back.

Two tokenizers share one interface (`tokenize`, `detokenize`):

- `UnigramTokenizer` finds the most probable segmentation of raw text into known words;
- `WhitespaceTokenizer` takes text that is already split by spaces (the original's contract;
  English).
"""

from typing import Protocol

import tensorflow as tf
import tensorflow_text as tf_text

from ecm_tf.core.command import suppress_native_stderr

_WORD_LIKE = r"[A-Za-z0-9]+"


class Tokenizer(Protocol):
    """Splits normalised texts into tokens and joins tokens into a text to show."""

    def tokenize(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """String `(batch,)` → string `(batch, None)`."""

    def detokenize(self, tokens: tf.RaggedTensor) -> tf.Tensor:
        """String `(batch, None)` → string `(batch,)`."""


class WhitespaceTokenizer(tf.Module):
    """Tokens are what stands between spaces."""

    def tokenize(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """String `(batch,)` → string `(batch, None)`; an empty text has no tokens."""
        return tf.strings.split(texts)

    def detokenize(self, tokens: tf.RaggedTensor) -> tf.Tensor:
        """String `(batch, None)` → string `(batch,)`, joined by spaces."""
        return tf.strings.reduce_join(tokens, axis=-1, separator=" ")


class UnigramTokenizer(tf.Module):
    """Most probable segmentation under a unigram model of words.

    Runs of ASCII letters and digits stay together, as jieba keeps them. Spaces count only between
    two such runs, so that raw and pre-split Chinese give the same tokens.

    Args:
        model: a serialized SentencePiece `UNIGRAM` model (`data_prep.segmentation.unigram_model`).
    """

    def __init__(self, model: bytes) -> None:
        super().__init__()
        # SentencePiece remarks on stderr that there is nothing to normalise.
        with suppress_native_stderr():
            self._pieces = tf_text.SentencepieceTokenizer(model=model, out_type=tf.string)

    def tokenize(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """String `(batch,)` → string `(batch, None)`; an empty text has no tokens."""
        texts = tf.strings.regex_replace(texts, r" ?([^A-Za-z0-9 ]) ?", r"\1")
        pieces = self._pieces.tokenize(texts)
        values = pieces.flat_values
        word_like = tf.strings.regex_full_match(values, _WORD_LIKE)
        rows = pieces.value_rowids()
        # A piece goes on with the token before it if both are word-like and of the same text.
        goes_on = word_like[1:] & word_like[:-1] & (rows[1:] == rows[:-1])
        starts = tf.concat([tf.ones_like(rows[:1], tf.bool), ~goes_on], 0)
        token = tf.cumsum(tf.cast(starts, tf.int32)) - 1
        tokens = tf.strings.unsorted_segment_join(
            values, token, tf.reduce_sum(tf.cast(starts, tf.int32))
        )
        token_rows = tf.boolean_mask(rows, starts)
        real = tokens != " "
        return tf.RaggedTensor.from_value_rowids(
            tf.boolean_mask(tokens, real), tf.boolean_mask(token_rows, real), pieces.nrows()
        )

    def detokenize(self, tokens: tf.RaggedTensor) -> tf.Tensor:
        """String `(batch, None)` → string `(batch,)`; spaces only between ASCII words."""
        joined = tf.strings.reduce_join(tokens, axis=-1, separator=" ")
        # Twice: a one-character word shares its spaces with both neighbours.
        for _ in range(2):
            joined = tf.strings.regex_replace(joined, r" ?([^A-Za-z0-9 ]) ?", r"\1")
        return joined
