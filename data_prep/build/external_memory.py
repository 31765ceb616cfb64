"""The external memory: the emotion words of each category that are in the response vocabulary."""

import re
from dataclasses import dataclass

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


def restrict_to_vocabulary(
    lexicon: list[list[str]], response_words: list[str], *, normalize_digits: bool
) -> ExternalMemory:
    """Removes duplicates and the words that are not in the response vocabulary.

    Args:
        lexicon: the words of each category.
        response_words: the response vocabulary; special tokens do not count as words.
        normalize_digits: whether every digit is 0 in the vocabulary.
    """
    known = frozenset(response_words) - frozenset(SPECIALS)
    words = [
        list(dict.fromkeys(_normalize(word, digits=normalize_digits) for word in category))
        for category in lexicon
    ]
    return ExternalMemory(
        words=[[word for word in category if word in known] for category in words],
        given=[len(category) for category in words],
    )


def _normalize(word: str, *, digits: bool) -> str:
    return re.sub("[0-9]", "0", word.strip()) if digits else word.strip()
