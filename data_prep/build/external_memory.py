"""Emotion lexicon → external memory: the words of each category that a response may use."""

import re
from dataclasses import dataclass

from ecm_tf.text.vocabulary import SPECIALS


@dataclass(frozen=True)
class ExternalMemory:
    """What a lexicon becomes.

    Attributes:
        words: the words of each category that the vocabulary has, in the lexicon's order.
        given: how many distinct words the lexicon gives each category.
    """

    words: list[list[str]]
    given: list[int]


def restrict(
    lexicon: list[list[str]], response_words: list[str], *, normalize_digits: bool
) -> ExternalMemory:
    """Keeps the words that the response vocabulary has, each once.

    Args:
        lexicon: the words of each category.
        response_words: the response vocabulary; its specials are no words.
        normalize_digits: whether the vocabulary has 0 for every digit.
    """
    known = frozenset(response_words) - frozenset(SPECIALS)
    words = [
        list(dict.fromkeys(_normal(word, digits=normalize_digits) for word in category))
        for category in lexicon
    ]
    return ExternalMemory(
        words=[[word for word in category if word in known] for category in words],
        given=[len(category) for category in words],
    )


def _normal(word: str, *, digits: bool) -> str:
    return re.sub("[0-9]", "0", word.strip()) if digits else word.strip()
