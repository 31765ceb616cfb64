"""The features of a classifier, computed in the graph: characters, character bigrams and words."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import tensorflow as tf

from data_prep.build import segmentation
from data_prep.build.counting import add_counts
from ecm_tf.core.errors import InputError
from ecm_tf.text.normalization import normalize
from ecm_tf.text.tokenizers import Tokenizer, UnigramTokenizer, WhitespaceTokenizer

PADDING, UNKNOWN, FIRST_ID = 0, 1, 2
CHARACTERS, BIGRAMS, WORDS, STARTS = range(4)
"""Channels of a position: ids of character, bigram and word; 1 if a word starts there, else 0."""
MIN_COUNTS = (2, 3, 3)
"""Minimum numbers of occurrences of a character, a bigram and a word in the vocabularies."""
MAX_LENGTH = 200
"""Characters of a text that are used; the rest is cut off."""
TEXTS_PER_BATCH = 4096


@dataclass(frozen=True)
class Vectors:
    """A tokenizer with pretrained vectors of its characters, bigrams and words.

    Attributes:
        tokenizer: the serialized SentencePiece model; empty for texts that are split by spaces.
        vocabularies: the characters, the bigrams and the words.
        embeddings: float32 `(len(vocabulary), size)` for each vocabulary.
    """

    tokenizer: bytes
    vocabularies: list[list[str]]
    embeddings: list[np.ndarray]


class Features(tf.Module):
    """Converts texts to sequences of characters, each with its bigram and its word.

    Texts are lower-cased, spaces are dropped, and every digit becomes 0. The bigram of a character
    is the character and its successor (at the end of the text, the character alone). The word of a
    character is the word that contains it.

    Args:
        vocabularies: the characters, the bigrams and the words with ids, from `FIRST_ID` upwards.
        tokenizer: segments the texts.

    Attributes:
        sizes: number of ids of each of the three vocabularies, with padding and unknown.
    """

    def __init__(self, vocabularies: Sequence[Sequence[str]], tokenizer: Tokenizer) -> None:
        super().__init__()
        self.sizes = tuple(len(words) + FIRST_ID for words in vocabularies)
        self._tokenizer = tokenizer
        self._tables = [
            tf.lookup.StaticHashTable(
                tf.lookup.KeyValueTensorInitializer(
                    tf.constant(list(words), tf.string), tf.range(FIRST_ID, len(words) + FIRST_ID)
                ),
                default_value=UNKNOWN,
            )
            for words in vocabularies
        ]

    def __call__(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Converts string `(batch,)`, any bytes, to int32 `(batch, None, 4)`: the channels."""
        *pieces, starts = split_characters(texts, self._tokenizer)
        ids = [table.lookup(flat.values) for table, flat in zip(self._tables, pieces, strict=True)]
        return starts.with_values(tf.stack([*ids, starts.values], axis=-1))


def split_characters(texts: tf.Tensor, tokenizer: Tokenizer) -> list[tf.RaggedTensor]:
    """Splits texts into characters with their bigrams and words.

    Args:
        texts: string `(batch,)`, any bytes.
        tokenizer: segments the texts.

    Returns:
        The characters, the bigrams that begin at them and the words that contain them, string
        `(batch, None)`; and int32 `(batch, None)`, 1 where a word starts, else 0.
    """
    tokens = tokenizer.tokenize(normalize_text(texts))
    word_characters = tf.strings.unicode_split(tokens.values, "UTF-8")
    words = tf.repeat(tokens.values, word_characters.row_lengths())
    rows = tf.repeat(tokens.value_rowids(), word_characters.row_lengths())
    characters = tf.RaggedTensor.from_value_rowids(word_characters.values, rows, tokens.nrows())
    words = characters.with_values(words)[:, :MAX_LENGTH]
    starts = characters.with_values(
        _indicator(word_characters.row_starts(), word_characters.values)
    )[:, :MAX_LENGTH]
    characters = characters[:, :MAX_LENGTH]
    flat, rows = characters.values, characters.value_rowids()
    following = tf.where(rows[1:] == rows[:-1], flat[1:], "")
    bigrams = tf.strings.join([flat, tf.concat([following, tf.fill(tf.shape(flat[:1]), "")], 0)])
    return [characters, characters.with_values(bigrams), words, starts]


def _indicator(positions: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    ones = tf.ones_like(positions, tf.int32)
    return tf.scatter_nd(positions[:, tf.newaxis], ones, [tf.size(values, tf.int64)])


def learn_features(
    texts: Sequence[str], segmenter: str, workers: int, vectors: Vectors | None = None
) -> Features:
    """Learns a tokenizer and the vocabularies of characters, bigrams and words.

    Args:
        texts: the training texts, in any order.
        segmenter: `"jieba"` or `"whitespace"`, as in `data_prep build`.
        workers: number of processes that run jieba.
        vectors: their tokenizer is used instead, and their vocabularies come first.

    Raises:
        InputError: no character, no bigram or no word reaches its minimum count.
    """
    model = learn_tokenizer(texts, segmenter, workers) if vectors is None else vectors.tokenizer
    tokenizer = make_tokenizer(model)
    vocabularies = count_vocabularies(texts, tokenizer, MIN_COUNTS)
    if not all(vocabularies):
        raise InputError(
            "--sentences: expected texts with repeated characters, bigrams and words, got too few "
            "or too different texts."
        )
    if vectors is not None:
        vocabularies = [
            list(dict.fromkeys([*known, *learned]))
            for known, learned in zip(vectors.vocabularies, vocabularies, strict=True)
        ]
    return Features(vocabularies, tokenizer)


def learn_tokenizer(texts: Sequence[str], segmenter: str, workers: int) -> bytes:
    """Returns a serialized SentencePiece model; nothing for texts that are split by spaces."""
    if segmenter == "whitespace":
        return b""
    normalized = (normalize_text(batch).numpy().tolist() for batch in text_batches(texts))
    words, characters = segmentation.count_corpus(normalized, workers=workers)
    pieces = segmentation.choose_pieces(words, characters, len(words))
    return segmentation.unigram_model(pieces, characters)


def make_tokenizer(model: bytes) -> Tokenizer:
    """Returns the tokenizer of a model that `learn_tokenizer` made."""
    return UnigramTokenizer(model) if model else WhitespaceTokenizer()


def count_vocabularies(
    texts: Sequence[str], tokenizer: Tokenizer, min_counts: Sequence[int]
) -> list[list[str]]:
    """Returns the characters, the bigrams and the words that occur often enough.

    Args:
        texts: the texts.
        tokenizer: segments them.
        min_counts: minimum number of occurrences of each.

    Returns:
        Three lists, each sorted by falling frequency.
    """
    all_counts: list[Counter[bytes]] = [Counter(), Counter(), Counter()]
    for batch in text_batches(texts):
        characters, bigrams, words, starts = (
            flat.values for flat in split_characters(batch, tokenizer)
        )
        # A word is repeated at each of its characters, but it must be counted once.
        words = tf.boolean_mask(words, starts == 1)
        for counts, pieces in zip(all_counts, (characters, bigrams, words), strict=True):
            add_counts(counts, pieces.numpy().tolist())
    return [
        [piece.decode() for piece, count in counts.most_common() if count >= min_count]
        for counts, min_count in zip(all_counts, min_counts, strict=True)
    ]


def text_batches(texts: Sequence[str]) -> Iterator[tf.Tensor]:
    """Yields string tensors `(TEXTS_PER_BATCH,)`; the last one may be smaller."""
    remaining = iter(texts)
    while batch := list(islice(remaining, TEXTS_PER_BATCH)):
        yield tf.constant(batch)


def normalize_text(texts: tf.Tensor) -> tf.Tensor:
    """Normalizes texts with digits as 0, and lower-cases them."""
    return tf.strings.lower(normalize(texts, digits=True), encoding="utf-8")
