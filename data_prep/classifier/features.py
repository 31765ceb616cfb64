"""Texts to what a classifier looks at, in the graph: characters, with their bigrams and words."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

import tensorflow as tf

from data_prep.build import counting, segmentation
from ecm_tf.core.errors import InputError
from ecm_tf.text.normalization import normalize
from ecm_tf.text.tokenizers import Tokenizer, UnigramTokenizer, WhitespaceTokenizer

PADDING, UNKNOWN = 0, 1
CHARACTERS, BIGRAMS, WORDS, STARTS = range(4)
"""Channels of a character: its id, its bigram's, its word's; 1 where a word starts, else 0."""
MIN_COUNTS = (2, 3, 3)
"""How often a character, a bigram and a word must occur to be known."""
MAX_LENGTH = 200
"""Characters of a text that are looked at."""
TEXTS_PER_BATCH = 4096


class Features(tf.Module):
    """Reads texts as sequences of characters, each with its bigram and its word.

    Spaces and upper case make no difference to Chinese; digits are all 0. A bigram is a character
    and the next (or the text's end); a word stands at each of its characters.

    Args:
        vocabularies: the characters, the bigrams and the words that have an id, from 2 upwards.
        tokenizer: finds the words.

    Attributes:
        sizes: how many ids each of the three channels has.
    """

    def __init__(self, vocabularies: Sequence[Sequence[str]], tokenizer: Tokenizer) -> None:
        super().__init__()
        self.sizes = tuple(len(words) + 2 for words in vocabularies)
        self._tokenizer = tokenizer
        self._tables = [
            tf.lookup.StaticHashTable(
                tf.lookup.KeyValueTensorInitializer(
                    tf.constant(list(words), tf.string), tf.range(2, len(words) + 2)
                ),
                default_value=UNKNOWN,
            )
            for words in vocabularies
        ]

    def __call__(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """String `(batch,)`, any bytes → int32 `(batch, None, 4)`: the channels."""
        *pieces, starts = split(texts, self._tokenizer)
        ids = [table.lookup(flat.values) for table, flat in zip(self._tables, pieces, strict=True)]
        return starts.with_values(tf.stack([*ids, starts.values], axis=-1))


def split(texts: tf.Tensor, tokenizer: Tokenizer) -> list[tf.RaggedTensor]:
    """Splits texts into characters.

    Args:
        texts: string `(batch,)`, any bytes.
        tokenizer: finds the words.

    Returns:
        the characters, the bigrams that begin at them and the words that they are in, string
        `(batch, None)`; and where words start, int32 likewise.
    """
    tokens = tokenizer.tokenize(_normal(texts))
    in_words = tf.strings.unicode_split(tokens.values, "UTF-8")
    words = tf.repeat(tokens.values, in_words.row_lengths())
    rows = tf.repeat(tokens.value_rowids(), in_words.row_lengths())
    characters = tf.RaggedTensor.from_value_rowids(in_words.values, rows, tokens.nrows())
    words = characters.with_values(words)[:, :MAX_LENGTH]
    starts = characters.with_values(_ones_at(in_words.row_starts(), in_words.values))[
        :, :MAX_LENGTH
    ]
    characters = characters[:, :MAX_LENGTH]
    flat, rows = characters.values, characters.value_rowids()
    following = tf.where(rows[1:] == rows[:-1], flat[1:], "")
    bigrams = tf.strings.join([flat, tf.concat([following, tf.fill(tf.shape(flat[:1]), "")], 0)])
    return [characters, characters.with_values(bigrams), words, starts]


def _ones_at(places: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    ones = tf.ones_like(places, tf.int32)
    return tf.scatter_nd(places[:, tf.newaxis], ones, [tf.size(values, tf.int64)])


def learn(texts: Sequence[str], segmenter: str, workers: int) -> Features:
    """The features that texts have.

    Args:
        texts: what to learn from, in any order.
        segmenter: `"jieba"` or `"whitespace"`, as in `data_prep build`.
        workers: processes that run jieba.

    Raises:
        InputError: no character, bigram or word is frequent enough to be known.
    """
    model = None
    if segmenter == "jieba":
        normal = (batch.numpy().tolist() for batch in map(_normal, batches(texts)))
        words, characters = segmentation.count_corpus(normal, workers=workers)
        pieces = segmentation.choose_pieces(words, characters, len(words))
        model = segmentation.unigram_model(pieces, characters)
    tokenizer = WhitespaceTokenizer() if model is None else UnigramTokenizer(model)
    found: list[Counter[bytes]] = [Counter(), Counter(), Counter()]
    for batch in batches(texts):
        characters, bigrams, words, starts = (flat.values for flat in split(batch, tokenizer))
        # A word stands at each of its characters, and yet occurs once.
        words = tf.boolean_mask(words, starts == 1)
        for counts, pieces in zip(found, (characters, bigrams, words), strict=True):
            counting.add(counts, pieces.numpy().tolist())
    vocabularies = [
        [piece.decode() for piece, count in counts.most_common() if count >= least]
        for counts, least in zip(found, MIN_COUNTS, strict=True)
    ]
    if not all(vocabularies):
        raise InputError(
            "--sentences: expected texts that have characters, bigrams and words in common; these "
            "are too few or of too different kinds."
        )
    return Features(vocabularies, tokenizer)


def batches(texts: Sequence[str]) -> Iterator[tf.Tensor]:
    """String `(TEXTS_PER_BATCH,)` each, the last one smaller."""
    remaining = iter(texts)
    while batch := list(islice(remaining, TEXTS_PER_BATCH)):
        yield tf.constant(batch)


def _normal(texts: tf.Tensor) -> tf.Tensor:
    """As `ecm_tf.text.normalize`, in lower case."""
    return tf.strings.lower(normalize(texts, digits=True), encoding="utf-8")
