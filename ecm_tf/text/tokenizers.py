"""Tokenizers as graph operations: text to tokens and back.

Three tokenizers share one interface (`tokenize`, `detokenize`):

- `UnigramTokenizer` finds the most probable segmentation of raw text into known words;
- `EnglishTokenizer` splits raw English text at spaces, punctuation and contractions;
- `WhitespaceTokenizer` takes text that is already split by spaces, as the original program does.
"""

from typing import Protocol

import tensorflow as tf
import tensorflow_text as tf_text

from ecm_tf.core.native_stderr import suppress_native_stderr
from ecm_tf.text.english import EnglishTokenizer
from ecm_tf.text.segmenters import Segmenter
from ecm_tf.text.spacing import ASCII_WORD, MEANINGLESS_SPACES


class Tokenizer(Protocol):
    """Splits normalized texts into tokens, and joins tokens to texts."""

    def tokenize(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Returns the tokens of each text: string `(batch,)` → string `(batch, None)`."""

    def detokenize(self, tokens: tf.RaggedTensor) -> tf.Tensor:
        """Returns the text of each row of tokens: string `(batch, None)` → string `(batch,)`."""


def make_tokenizer(segmenter: Segmenter, model: bytes | None) -> Tokenizer:
    """Returns the tokenizer of a segmenter.

    Args:
        segmenter: how texts become words.
        model: for `"jieba"`, a model for `UnigramTokenizer`.
    """
    if segmenter == "jieba":
        assert model is not None
        return UnigramTokenizer(model)
    return EnglishTokenizer() if segmenter == "english" else WhitespaceTokenizer()


class WhitespaceTokenizer(tf.Module):
    """Splits texts at spaces."""

    def tokenize(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Splits texts at spaces.

        Args:
            texts: string `(batch,)`, normalized.

        Returns:
            string `(batch, None)`; an empty text has no tokens.
        """
        return tf.strings.split(texts)

    def detokenize(self, tokens: tf.RaggedTensor) -> tf.Tensor:
        """Joins tokens with spaces: string `(batch, None)` → string `(batch,)`."""
        return tf.strings.reduce_join(tokens, axis=-1, separator=" ")


class UnigramTokenizer(tf.Module):
    """Finds the most probable segmentation under a unigram model of words.

    Runs of ASCII letters and digits stay together, as in jieba. Spaces count only between two such
    runs (see `ecm_tf.text.spacing`).

    Args:
        model: a serialized SentencePiece `UNIGRAM` model, as
            `data_prep.build.segmentation.unigram_model` returns it.
    """

    def __init__(self, model: bytes) -> None:
        super().__init__()
        # SentencePiece prints to stderr that the model has no normalization rules.
        with suppress_native_stderr():
            self._pieces = tf_text.SentencepieceTokenizer(model=model, out_type=tf.string)

    def tokenize(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Segments texts into words.

        Args:
            texts: string `(batch,)`, normalized.

        Returns:
            string `(batch, None)`; an empty text has no tokens.
        """
        texts = tf.strings.regex_replace(texts, MEANINGLESS_SPACES, r"\1")
        pieces = self._pieces.tokenize(texts)
        values = pieces.flat_values
        is_ascii_word = tf.strings.regex_full_match(values, ASCII_WORD)
        rows = pieces.value_rowids()
        # A piece continues the token before it if both are ASCII words of the same text.
        continues = is_ascii_word[1:] & is_ascii_word[:-1] & (rows[1:] == rows[:-1])
        starts = tf.concat([tf.ones_like(rows[:1], tf.bool), ~continues], 0)
        token_index = tf.cumsum(tf.cast(starts, tf.int32)) - 1
        tokens = tf.strings.unsorted_segment_join(
            values, token_index, tf.reduce_sum(tf.cast(starts, tf.int32))
        )
        token_rows = tf.boolean_mask(rows, starts)
        not_space = tokens != " "
        return tf.RaggedTensor.from_value_rowids(
            tf.boolean_mask(tokens, not_space),
            tf.boolean_mask(token_rows, not_space),
            pieces.nrows(),
        )

    def detokenize(self, tokens: tf.RaggedTensor) -> tf.Tensor:
        """Joins tokens, with spaces only between ASCII words.

        Args:
            tokens: string `(batch, None)`, without leading or trailing spaces.

        Returns:
            string `(batch,)`.
        """
        joined = tf.strings.reduce_join(tokens, axis=-1, separator=" ")
        return tf.strings.regex_replace(joined, MEANINGLESS_SPACES, r"\1")
