"""Text to tokens to ids and back, all in the graph: the only home of text processing.

The tokenizer that writes the training records is the one inside the SavedModel, so that training
and serving cannot disagree. Two tokenizers share one interface (`tokenize`, `detokenize`):

- `UnigramTokenizer` finds the most probable segmentation of raw text into known words;
- `WhitespaceTokenizer` takes text that is already split by spaces (the original's contract;
  English).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import tensorflow as tf
import tensorflow_text as tf_text

from ecm_tf import vocabulary
from ecm_tf.command import native_silence
from ecm_tf.emotions import Emotions
from ecm_tf.errors import InputError

MAX_CHARACTERS = 1000
"""A text is cut to this many characters before anything else looks at it."""

_WORD_LIKE = r"[A-Za-z0-9]+"


def normalize(texts: tf.Tensor, *, digits: bool) -> tf.Tensor:
    """Valid UTF-8, at most `MAX_CHARACTERS` long, single spaces, no control characters.

    Args:
        texts: string, any shape, any bytes; invalid UTF-8 becomes U+FFFD.
        digits: whether every digit becomes 0, as in the original program.

    Returns:
        string, the same shape.
    """
    # Every character has at most four bytes: cutting bytes first bounds the work on huge inputs.
    texts = tf.strings.substr(texts, 0, 4 * MAX_CHARACTERS)
    texts = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace")
    texts = tf.strings.substr(texts, 0, MAX_CHARACTERS, unit="UTF8_CHAR")
    texts = tf.strings.regex_replace(texts, r"[\s\pZ\pC]+", " ")
    texts = tf.strings.strip(texts)
    return tf.strings.regex_replace(texts, "[0-9]", "0") if digits else texts


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
        with native_silence():
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


TEXT_JSON, TOKENIZER_MODEL, EMOTIONS_JSON = "text.json", "tokenizer.model", "emotions.json"
POST_VOCABULARY, RESPONSE_VOCABULARY = "post_vocabulary.txt", "response_vocabulary.txt"
EXTERNAL_MEMORY_JSON = "external_memory.json"


@dataclass(frozen=True)
class TextAssets:
    """The files beside a dataset or model that say how text is read and written.

    `save` and `load` are the only places that know their names: `text.json` (settings),
    `post_vocabulary.txt`, `response_vocabulary.txt`, `emotions.json`, `external_memory.json` (a
    list of emotion words per category) and, for the jieba segmenter, `tokenizer.model`.
    """

    post_words: Sequence[str]
    response_words: Sequence[str]
    emotions: Emotions
    external_memory: Sequence[Sequence[str]]
    normalize_digits: bool
    tokenizer_model: bytes | None
    """A unigram model for raw text; `None` means that text comes split by spaces."""

    def save(self, directory: Path) -> list[str]:
        """Writes the files and returns their names."""
        directory.mkdir(parents=True, exist_ok=True)
        segmenter = "whitespace" if self.tokenizer_model is None else "jieba"
        settings = {"segmenter": segmenter, "normalize_digits": self.normalize_digits}
        (directory / TEXT_JSON).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
        vocabulary.save_vocabulary(self.post_words, directory / POST_VOCABULARY)
        vocabulary.save_vocabulary(self.response_words, directory / RESPONSE_VOCABULARY)
        self.emotions.save(directory / EMOTIONS_JSON)
        memory = json.dumps([list(words) for words in self.external_memory], ensure_ascii=False)
        (directory / EXTERNAL_MEMORY_JSON).write_text(memory + "\n", encoding="utf-8")
        names = [
            TEXT_JSON, POST_VOCABULARY, RESPONSE_VOCABULARY, EMOTIONS_JSON, EXTERNAL_MEMORY_JSON
        ]  # fmt: skip
        if self.tokenizer_model is not None:
            (directory / TOKENIZER_MODEL).write_bytes(self.tokenizer_model)
            names.append(TOKENIZER_MODEL)
        return names

    @classmethod
    def load(cls, directory: Path) -> "TextAssets":
        """Reads what `save` wrote.

        Raises:
            InputError: a file is missing or is not what it should be.
        """
        try:
            settings = json.loads((directory / TEXT_JSON).read_text(encoding="utf-8"))
            segmenter, digits = settings["segmenter"], settings["normalize_digits"]
            memory = json.loads((directory / EXTERNAL_MEMORY_JSON).read_text(encoding="utf-8"))
            model = (directory / TOKENIZER_MODEL).read_bytes() if segmenter == "jieba" else None
        except FileNotFoundError as error:
            raise InputError(f"{error.filename}: no such file; expected a text asset.") from error
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{directory}: expected text assets; {error!r}.") from error
        return cls(
            post_words=vocabulary.load_vocabulary(directory / POST_VOCABULARY),
            response_words=vocabulary.load_vocabulary(directory / RESPONSE_VOCABULARY),
            emotions=Emotions.load(directory / EMOTIONS_JSON),
            external_memory=memory,
            normalize_digits=digits,
            tokenizer_model=model,
        )

    @property
    def external_memory_mask(self) -> list[list[bool]]:
        """`[categories][response words]`: whether the word is an emotion word of the category."""
        by_category = [frozenset(words) for words in self.external_memory]
        return [[word in words for word in self.response_words] for words in by_category]


class TextProcessor(tf.Module):
    """`TextAssets` as graph operations.

    Args:
        assets: vocabularies, emotions and tokenizer.
    """

    def __init__(self, assets: TextAssets) -> None:
        super().__init__()
        self.assets = assets
        self.tokenizer: Tokenizer = (
            WhitespaceTokenizer()
            if assets.tokenizer_model is None
            else UnigramTokenizer(assets.tokenizer_model)
        )
        self._post_ids = _id_table(assets.post_words)
        self._response_ids = _id_table(assets.response_words)
        by_text = assets.emotions.ids_by_text
        self._emotion_ids = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                tf.constant(list(by_text)), tf.constant(list(by_text.values()), tf.int32)
            ),
            default_value=-1,
        )

    def tokenize(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """String `(batch,)`, any bytes → string tokens `(batch, None)`."""
        return self.tokenizer.tokenize(normalize(texts, digits=self.assets.normalize_digits))

    def post_ids(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """String `(batch,)` → int32 ids in the post vocabulary `(batch, None)`."""
        return tf.ragged.map_flat_values(self._post_ids.lookup, self.tokenize(texts))

    def post_matrix(self, texts: tf.Tensor, shortest: int, longest: int) -> tf.Tensor:
        """String `(batch,)` → int32 ids `(batch, width)`, cut and padded with PAD.

        Args:
            texts: any bytes.
            shortest, longest: bounds of the width, which is otherwise the longest text's.
        """
        ids = self.post_ids(texts)[:, :longest]
        width = tf.maximum(tf.cast(ids.bounding_shape(axis=1), tf.int32), shortest)
        return ids.to_tensor(shape=tf.stack([-1, width]))

    def response_ids(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """String `(batch,)` → int32 ids in the response vocabulary `(batch, None)`."""
        return tf.ragged.map_flat_values(self._response_ids.lookup, self.tokenize(texts))

    def response_tokens(self, ids: tf.RaggedTensor) -> tf.RaggedTensor:
        """Int32 ids `(batch, None)` → string words `(batch, None)`."""
        return tf.gather(tf.constant(list(self.assets.response_words)), ids)

    def response_text(self, ids: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """Joins decoded words.

        Args:
            ids: int32 `(batch, length)`.
            lengths: int32 `(batch,)`, how many ids of each row are words of the reply.

        Returns:
            string `(batch,)`.
        """
        ragged = tf.RaggedTensor.from_tensor(ids, lengths)
        return self.tokenizer.detokenize(self.response_tokens(ragged))

    def emotion_ids(self, texts: tf.Tensor) -> tf.Tensor:
        """Names (English, Chinese, aliases) or ids as text → int32 category ids, same shape.

        Raises:
            InvalidArgumentError: a text means no category; the message lists those that exist.
        """
        ids = self._emotion_ids.lookup(tf.strings.lower(tf.strings.strip(texts), encoding="utf-8"))
        received = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace")
        message = f"unknown emotion; expected one of: {self.assets.emotions.allowed}. Received:"
        with tf.control_dependencies(
            [tf.debugging.Assert(tf.reduce_all(ids >= 0), [message, received])]
        ):
            return tf.identity(ids)


def _id_table(words: Sequence[str]) -> tf.lookup.StaticHashTable:
    # A text that spells a special, such as "_EOS", must not become one.
    first = len(vocabulary.SPECIALS)
    return tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(
            tf.constant(list(words)[first:], tf.string),
            tf.range(first, len(words), dtype=tf.int32),
        ),
        default_value=vocabulary.UNK,
    )
