"""Vocabularies: the special ids, and files with one word a line."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from ecm_tf.core.errors import InputError

PAD, UNK, EOS, GO = 0, 1, 2, 3
SPECIALS = ("_PAD", "_UNK", "_EOS", "_GO")
"""Ids and words of the specials, as in the original program; they come first in every file."""


def build_vocabulary(counts: Mapping[str, int], size: int) -> list[str]:
    """The specials, then the most frequent words, at most `size` in all.

    Words of equal count stand in code-point order, so that the result depends on nothing else.

    Raises:
        InputError: `size` leaves no room for a word beside the specials.
    """
    if size <= len(SPECIALS):
        raise InputError(f"vocabulary size: expected more than {len(SPECIALS)}, got {size}.")
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    words = [word for word, _ in ranked if word not in SPECIALS]
    return [*SPECIALS, *words[: size - len(SPECIALS)]]


def save_vocabulary(words: Iterable[str], path: Path) -> None:
    """Writes one word a line; the line number (from 0) is the id."""
    path.write_text("".join(f"{word}\n" for word in words), encoding="utf-8")


def load_vocabulary(path: Path) -> list[str]:
    """Reads a file that `save_vocabulary` or the original program wrote.

    Raises:
        InputError: no such file, invalid UTF-8, an empty or repeated word, or other specials.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise InputError(
            f"{path}: no such file; expected a vocabulary, one word a line."
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: expected UTF-8 text, one word a line; {error}.") from error
    words = text.removesuffix("\n").split("\n")
    if tuple(words[: len(SPECIALS)]) != SPECIALS:
        raise InputError(f"{path}: expected the first lines to be {SPECIALS}, got {words[:4]}.")
    seen: set[str] = set()
    for number, word in enumerate(words, start=1):
        if not word or word in seen:
            raise InputError(f"{path}, line {number}: expected a new word, got {word!r}.")
        seen.add(word)
    return words
