"""Emotion lexicon → external memory: the words of each category that a response may use."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from ecm_tf.emotions import Emotions
from ecm_tf.errors import InputError
from ecm_tf.vocabulary import SPECIALS


@dataclass(frozen=True)
class ExternalMemory:
    """What a lexicon becomes.

    Attributes:
        words: the words of each category that the vocabulary has, in the lexicon's order.
        given: how many distinct words the lexicon gives each category.
    """

    words: list[list[str]]
    given: list[int]


def read_lexicon(path: Path, emotions: Emotions) -> list[list[str]]:
    """Reads the original's ememory file, `[[words of category 0], [words of category 1], …]`.

    A category without words is legal.

    Raises:
        InputError: no such file, not such a list, or not as many lists as there are categories.
    """
    lists = _load(path)
    if not isinstance(lists, list) or len(lists) != len(emotions):
        came = f"{len(lists)}" if isinstance(lists, list) else f"a {type(lists).__name__}"
        raise InputError(
            f"{path}: expected a JSON list of {len(emotions)} word lists, one for each category "
            f"({', '.join(emotions.names)}); got {came}."
        )
    for id_, (emotion, words) in enumerate(zip(emotions, lists, strict=True)):
        where = f"{path}: category {id_} {emotion.name}"
        if not isinstance(words, list):
            raise InputError(f"{where}: expected a list of words, got {_json(words)}.")
        for word in words:
            if not isinstance(word, str) or not word.strip():
                raise InputError(f"{where}: expected words, got {_json(word)}.")
    return lists


def _load(path: Path) -> object:
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; expected an external memory.") from error
    except (ValueError, OSError) as error:
        raise InputError(f"{path}: expected a JSON list of word lists; {error}.") from error


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


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
