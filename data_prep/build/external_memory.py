"""The external memory: the emotion words of each category that are in the response vocabulary."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Self

from ecm_tf.text.characters import Normalization
from ecm_tf.text.normalization import normalize_words
from ecm_tf.text.segmenters import Segmenter
from ecm_tf.text.vocabulary import SPECIALS


@dataclass(frozen=True)
class ExternalMemory:
    """The emotion words of a dataset.

    Attributes:
        words: the words of each category that are in the vocabulary, in the lexicon's order.
        given: number of distinct words of each category in the lexicon.
    """

    words: list[list[str]]
    given: list[int]

    @classmethod
    def of(cls, words: Sequence[Sequence[str]], response_words: Sequence[str]) -> Self:
        """Returns the emotion words of finished assets; imported ones may have unknown words."""
        known = frozenset(response_words)
        return cls(
            [[word for word in category if word in known] for category in words],
            [len(category) for category in words],
        )


def restrict_to_vocabulary(
    lexicon: list[list[str]],
    response_words: list[str],
    *,
    normalize_digits: bool,
    normalization: Normalization | None = None,
    segmenter: Segmenter = "whitespace",
) -> ExternalMemory:
    """Removes duplicates and the words that are not in the response vocabulary.

    Args:
        lexicon: the words of each category.
        response_words: the response vocabulary; special tokens do not count as words.
        normalize_digits: whether every digit is 0 in the vocabulary.
        normalization: how the characters of the vocabulary are normalized.
        segmenter: the segmenter of the vocabulary.
    """
    normalized = partial(
        normalize_words, digits=normalize_digits, characters=normalization, segmenter=segmenter
    )
    known = frozenset(response_words) - frozenset(SPECIALS)
    words = [list(dict.fromkeys(normalized(category))) for category in lexicon]
    return ExternalMemory(
        words=[[word for word in category if word in known] for category in words],
        given=[len(category) for category in words],
    )
