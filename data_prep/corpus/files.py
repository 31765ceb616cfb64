"""Shared by all corpus readers: opening files, decoding and cleaning text."""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from data_prep.corpus.formats import RecordError
from ecm_tf.core.errors import InputError
from ecm_tf.core.files import open_binary, reading
from ecm_tf.text.characters import MAX_CHARACTERS

BOM = b"\xef\xbb\xbf"


def check_regular_file(path: Path) -> None:
    """Checks that a file can be read more than once, which a pipe cannot.

    Raises:
        InputError: the path is a pipe, such as a process substitution `<(zcat FILE)`, or a device.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise InputError(
            f"{path}: expected a file that can be read more than once, got a pipe or device; write "
            "the data to a file first (gzip files are read as they are)."
        )


@contextmanager
def open_corpus(path: Path) -> Iterator[IO[bytes]]:
    """Opens a corpus file for reading; gzip is detected by its first two bytes.

    Raises:
        InputError: the file is missing, a directory, a pipe or unreadable, or its gzip data is
            damaged.
    """
    check_regular_file(path)
    with reading(path, "a readable corpus file"), open_binary(path) as file:
        yield file


def read_head(path: Path) -> bytes:
    """Returns the first 64 KiB of a file without leading white space."""
    with open_corpus(path) as file:
        return file.read(1 << 16).removeprefix(BOM).lstrip()


def numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yields the lines of a file that are not blank with their numbers, from 1."""
    with open_corpus(path) as file:
        for number, line in enumerate(file, start=1):
            line = line.removeprefix(BOM) if number == 1 else line
            if line.strip():
                yield number, line.rstrip(b"\r\n")


def decode_line(line: bytes) -> str:
    """Decodes a UTF-8 line.

    Raises:
        RecordError: the line is not UTF-8.
    """
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise RecordError(f"expected UTF-8, got invalid UTF-8 at byte {error.start + 1}") from error


def to_printable(raw: bytes) -> str:
    """Decodes bytes for messages; invalid UTF-8 is escaped."""
    return raw.decode("utf-8", "backslashreplace")


def clean_text(name: str, text: str) -> str:
    """Replaces every run of white space by one space and checks that the text is visible.

    Args:
        name: name of the field for messages: `"post"`, `"response"`, `"sentence"`.
        text: the text as in its file; lone surrogates stand for bytes that are not UTF-8.

    Raises:
        RecordError: the text is not UTF-8, or it has no visible characters.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise RecordError(f"expected a {name} in UTF-8, got invalid UTF-8") from error
    text = " ".join(text.split())
    # Normalization truncates the text, so a visible character after that point does not count.
    if not any(map(_is_visible, text[:MAX_CHARACTERS])):
        raise RecordError(f"expected a {name} with visible characters, got {text!r}")
    return text


def _is_visible(character: str) -> bool:
    """Tells whether `normalize` keeps a character: it removes separators and control characters.

    Characters newer than Python's Unicode tables are unassigned (`Cn`); they are kept.
    """
    category = unicodedata.category(character)
    return category[0] not in "ZC" or category == "Cn"
