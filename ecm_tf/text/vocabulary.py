"""Vocabularies: the special tokens, and files with one word per line."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from ecm_tf.core.errors import InputError
from ecm_tf.core.files import read_text

PAD, UNK, EOS, GO = 0, 1, 2, 3
SPECIALS = ("_PAD", "_UNK", "_EOS", "_GO")
"""The special tokens, which are the first words of every vocabulary, as in the original program."""


def build_vocabulary(counts: Mapping[str, int], size: int) -> list[str]:
    """Returns the special tokens and the most frequent words, at most `size` in total.

    Words of equal count are in code-point order, so that the result is deterministic.

    Raises:
        InputError: `size` is not larger than the number of special tokens.
    """
    if size <= len(SPECIALS):
        raise InputError(f"vocabulary size: expected more than {len(SPECIALS)}, got {size}.")
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    words = [word for word, _ in ranked if word not in SPECIALS]
    return [*SPECIALS, *words[: size - len(SPECIALS)]]


def save_vocabulary(words: Iterable[str], path: Path) -> None:
    """Writes one word per line; a word's id is its line number, counted from 0."""
    path.write_text("".join(f"{word}\n" for word in words), encoding="utf-8")


def load_vocabulary(path: Path) -> list[str]:
    """Reads a file that `save_vocabulary` or the original program wrote.

    Raises:
        InputError: the file is missing or not UTF-8, a word is empty or repeated, or the first
            words are not the special tokens.
    """
    text = read_text(path, "a vocabulary, one word per line")
    words = text.removesuffix("\n").split("\n")
    if tuple(words[: len(SPECIALS)]) != SPECIALS:
        raise InputError(f"{path}: expected the first lines to be {SPECIALS}, got {words[:4]}.")
    seen: set[str] = set()
    for number, word in enumerate(words, start=1):
        if not word or word in seen:
            raise InputError(f"{path}, line {number}: expected a new word, got {word!r}.")
        seen.add(word)
    return words
