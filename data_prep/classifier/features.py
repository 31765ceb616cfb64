"""The features of a classifier, computed in the graph.

The positions of a Chinese text are its characters, with three features each: the character, the
bigram that begins at it, and the word that contains it. The positions of an English text are its
words, with the word's suffix, the bigram of words that begins at it, and the word.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice, zip_longest
from typing import Self

import numpy as np
import tensorflow as tf

from data_prep.build import segmentation
from data_prep.build.counting import add_counts
from ecm_tf.core.errors import InputError
from ecm_tf.text.normalization import normalize
from ecm_tf.text.segmenters import Segmenter
from ecm_tf.text.tokenizers import make_tokenizer

PADDING, UNKNOWN, FIRST_ID = 0, 1, 2
CHARACTERS, BIGRAMS, WORDS, STARTS = range(4)
"""Channels of a position: ids of character (English: suffix), bigram and word; 1 if a word starts
there, else 0."""
MIN_COUNTS = (2, 3, 3)
"""Minimum numbers of occurrences of a character or suffix, a bigram and a word with an id."""
NO_LIMITS = (None, None, None)
"""Maximum sizes of the vocabularies of characters or suffixes, of bigrams and of words."""
MAX_LENGTH = 200
"""Positions of a text that are used; the rest is cut off."""
SUFFIX = 3
"""Number of letters of the suffix of an English word."""
TEXTS_PER_BATCH = 4096


@dataclass(frozen=True)
class Vectors:
    """A tokenizer with pretrained vectors of its characters (English: suffixes), bigrams and words.

    Attributes:
        segmenter: how texts become words.
        tokenizer: the serialized SentencePiece model of the segmenter jieba; `None` for others.
        vocabularies: the characters (English: suffixes), the bigrams and the words.
        embeddings: float32 `(len(vocabulary), size)` for each vocabulary.
    """

    segmenter: Segmenter
    tokenizer: bytes | None
    vocabularies: list[list[str]]
    embeddings: list[np.ndarray]

    def restricted(self, vocabularies: Sequence[Sequence[str]]) -> Self:
        """Returns the vectors of what is in the given vocabularies."""
        rows = [
            [row for row, word in enumerate(own) if word in words]
            for own, words in zip(self.vocabularies, map(set, vocabularies), strict=True)
        ]
        pairs = list(zip(self.vocabularies, self.embeddings, rows, strict=True))
        return replace(
            self,
            vocabularies=[[own[row] for row in kept] for own, _, kept in pairs],
            embeddings=[matrix[kept] for _, matrix, kept in pairs],
        )


def vocabulary_names(segmenter: Segmenter) -> tuple[str, str, str]:
    """Returns what the three vocabularies consist of: characters or suffixes, bigrams, words."""
    return "suffixes" if segmenter == "english" else "characters", "bigrams", "words"


class Splitter(tf.Module):
    """Splits texts into the features of their positions.

    Args:
        segmenter: how texts become words; with `"english"`, a position is a word.
        model: the tokenizer's model for the segmenter jieba.
    """

    def __init__(self, segmenter: Segmenter, model: bytes | None) -> None:
        super().__init__()
        self._tokenizer = make_tokenizer(segmenter, model)
        self._split = _split_words if segmenter == "english" else _split_characters

    def __call__(self, texts: tf.Tensor) -> list[tf.RaggedTensor]:
        """Splits texts: string `(batch,)`, any bytes.

        Returns:
            The characters (English: suffixes), bigrams and words, string `(batch, None)`; and int32
            `(batch, None)`, 1 where a word starts, else 0.
        """
        return self._split(self._tokenizer.tokenize(normalize_text(texts)))


class Features(tf.Module):
    """Converts texts to sequences of positions with three features each.

    Texts are lower-cased, spaces are dropped, and every digit becomes 0. The bigram of a character
    (or word) is it and its successor; at the end of the text, it alone.

    Args:
        vocabularies: the characters (English: suffixes), the bigrams and the words with ids, from
            `FIRST_ID` upwards.
        splitter: splits texts into the features.

    Attributes:
        vocabularies: the characters (English: suffixes), the bigrams and the words.
        sizes: number of ids of each of the three vocabularies, with padding and unknown.
    """

    def __init__(self, vocabularies: Sequence[Sequence[str]], splitter: Splitter) -> None:
        super().__init__()
        self.vocabularies = tuple(map(tuple, vocabularies))
        self.sizes = tuple(len(words) + FIRST_ID for words in vocabularies)
        self._splitter = splitter
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
        *pieces, starts = self._splitter(texts)
        ids = [table.lookup(flat.values) for table, flat in zip(self._tables, pieces, strict=True)]
        return starts.with_values(tf.stack([*ids, starts.values], axis=-1))


def _split_words(words: tf.RaggedTensor) -> list[tf.RaggedTensor]:
    words = words[:, :MAX_LENGTH]
    flat = words.values
    suffixes = words.with_values(tf.strings.regex_replace(flat, f"^.*(.{{{SUFFIX}}})$", r"\1"))
    return [suffixes, _bigrams(words, " "), words, words.with_values(tf.ones_like(flat, tf.int32))]


def _split_characters(tokens: tf.RaggedTensor) -> list[tf.RaggedTensor]:
    word_characters = tf.strings.unicode_split(tokens.values, "UTF-8")
    words = tf.repeat(tokens.values, word_characters.row_lengths())
    rows = tf.repeat(tokens.value_rowids(), word_characters.row_lengths())
    characters = tf.RaggedTensor.from_value_rowids(word_characters.values, rows, tokens.nrows())
    words = characters.with_values(words)[:, :MAX_LENGTH]
    starts = characters.with_values(
        _indicator(word_characters.row_starts(), word_characters.values)
    )[:, :MAX_LENGTH]
    characters = characters[:, :MAX_LENGTH]
    return [characters, _bigrams(characters, ""), words, starts]


def _bigrams(units: tf.RaggedTensor, separator: str) -> tf.RaggedTensor:
    flat, rows = units.values, units.value_rowids()
    following = tf.where(rows[1:] == rows[:-1], separator + flat[1:], "")
    last = tf.fill(tf.shape(flat[:1]), "")
    return units.with_values(tf.strings.join([flat, tf.concat([following, last], 0)]))


def _indicator(positions: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    ones = tf.ones_like(positions, tf.int32)
    return tf.scatter_nd(positions[:, tf.newaxis], ones, [tf.size(values, tf.int64)])


def learn_features(
    texts: Sequence[str],
    segmenter: Segmenter,
    workers: int,
    vectors: Vectors | None = None,
    limits: Sequence[int | None] = NO_LIMITS,
) -> Features:
    """Learns a tokenizer and the vocabularies: characters or suffixes, bigrams and words.

    Args:
        texts: the training texts, in any order.
        segmenter: how texts become words.
        workers: number of processes that run jieba.
        vectors: their tokenizer is used instead, and their vocabularies come first.
        limits: maximum sizes of the vocabularies; that of the words also limits the tokenizer.
            The most frequent remain: in the texts, or in those of the vectors.

    Raises:
        InputError: no character or suffix, no bigram or no word reaches its minimum count.
    """
    max_words = limits[WORDS]
    if vectors is None:
        model = learn_tokenizer(texts, segmenter, workers, max_words)
    elif vectors.tokenizer and max_words:
        model = segmentation.limit_pieces(vectors.tokenizer, max_words)
    else:
        model = vectors.tokenizer
    splitter = Splitter(segmenter, model)
    vocabularies = _count_vocabularies(texts, splitter)
    if not all(vocabularies):
        characters, bigrams, words = vocabulary_names(segmenter)
        raise InputError(
            f"--sentences: expected texts with repeated {characters}, {bigrams} and {words}, got "
            "too few or too different texts."
        )
    known = [[], [], []] if vectors is None else vectors.vocabularies
    merged = [_merge(*each) for each in zip(known, vocabularies, limits, strict=True)]
    return Features(merged, splitter)


def _merge(known: Sequence[str], learned: Sequence[str], limit: int | None) -> list[str]:
    """Returns the words of two vocabularies: first those of the first.

    Args:
        known, learned: words, most frequent first.
        limit: maximum number of words; those remain whose rank in either vocabulary is highest.
    """
    by_rank = chain.from_iterable(zip_longest(known, learned))
    kept = set(islice(dict.fromkeys(word for word in by_rank if word is not None), limit))
    return [word for word in dict.fromkeys([*known, *learned]) if word in kept]


def learn_tokenizer(
    texts: Sequence[str], segmenter: Segmenter, workers: int, size: int | None = None
) -> bytes | None:
    """Returns a serialized SentencePiece model for the segmenter jieba, `None` for others.

    Args:
        texts: texts to learn from.
        segmenter: how texts become words.
        workers: number of processes that run jieba.
        size: maximum number of words beside the single characters; `None` for all.
    """
    if segmenter != "jieba":
        return None
    normalized = (normalize_text(batch).numpy().tolist() for batch in text_batches(texts))
    words, characters = segmentation.count_corpus(normalized, workers=workers)
    pieces = segmentation.choose_pieces(words, characters, size or len(words))
    return segmentation.unigram_model(pieces, characters)


def _count_vocabularies(texts: Sequence[str], splitter: Splitter) -> list[list[str]]:
    """Returns what occurs often enough for each vocabulary, most frequent first."""
    all_counts: list[Counter[bytes]] = [Counter(), Counter(), Counter()]
    for batch in text_batches(texts):
        characters, bigrams, words, starts = (flat.values for flat in splitter(batch))
        # A word is repeated at each of its characters, but it must be counted once.
        words = tf.boolean_mask(words, starts == 1)
        for counts, pieces in zip(all_counts, (characters, bigrams, words), strict=True):
            add_counts(counts, pieces.numpy().tolist())
    return [
        [piece.decode() for piece, count in counts.most_common() if count >= min_count]
        for counts, min_count in zip(all_counts, MIN_COUNTS, strict=True)
    ]


def text_batches(texts: Sequence[str]) -> Iterator[tf.Tensor]:
    """Yields string tensors `(TEXTS_PER_BATCH,)`; the last one may be smaller."""
    remaining = iter(texts)
    while batch := list(islice(remaining, TEXTS_PER_BATCH)):
        yield tf.constant(batch)


def normalize_text(texts: tf.Tensor) -> tf.Tensor:
    """Normalizes texts with digits as 0, and lower-cases them."""
    return tf.strings.lower(normalize(texts, digits=True), encoding="utf-8")
