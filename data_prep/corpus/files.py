"""What every reader of a corpus needs: opening, decoding and cleaning, and bad records."""

import gzip
import json
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from data_prep.corpus.formats import ShapeError
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import sha256
from ecm_tf.text.normalization import MAX_CHARACTERS

BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class BadRecord:
    """What stands in the place of a record that cannot be used.

    Attributes:
        file: where it was read.
        unit: `"line"` for line formats, else `"record"`.
        record: number of the record (or line) in its file, from 1.
        problem: what was expected, and what came.
        raw: the record, shortened.
    """

    file: Path
    unit: str
    record: int
    problem: str
    raw: str

    def __str__(self) -> str:
        """One sentence with file, record number and problem."""
        return f"{self.file}: {self.unit} {self.record}: {self.problem}."

    def json_line(self) -> str:
        """A line for a list of bad records: `file` (its name), `record`, `reason`, `raw`."""
        row = {
            "file": self.file.name,
            "record": self.record,
            "reason": self.problem,
            "raw": self.raw,
        }
        return json.dumps(row, ensure_ascii=False) + "\n"


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Opens a corpus file for reading; gzip is recognised by its first bytes.

    Raises:
        InputError: it is missing, a directory or unreadable, or its gzip data is damaged.
    """
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
        with cast(IO[bytes], gzip.open(path) if zipped else path.open("rb")) as file:
            yield file
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; expected a corpus.") from error
    except IsADirectoryError as error:
        raise InputError(f"{path}: expected a corpus file, got a directory.") from error
    except (EOFError, zlib.error, OSError) as error:
        raise InputError(f"{path}: expected a readable file; {error}.") from error


def head(path: Path) -> bytes:
    """The first 64 KiB of a file, from its first visible byte on."""
    with opened(path) as file:
        return file.read(1 << 16).removeprefix(BOM).lstrip()


def numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file that have more than white space in them, numbered from 1."""
    with opened(path) as file:
        for number, line in enumerate(file, start=1):
            line = line.removeprefix(BOM) if number == 1 else line
            if line.strip():
                yield number, line.rstrip(b"\r\n")


def decoded(line: bytes) -> str:
    """A line as text.

    Raises:
        ShapeError: it is not UTF-8.
    """
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise ShapeError(f"expected UTF-8, got invalid UTF-8 at byte {error.start + 1}") from error


def printable(raw: bytes) -> str:
    """Bytes as text, whatever they are."""
    return raw.decode("utf-8", "backslashreplace")


def clean(name: str, text: str) -> str:
    """A text with single spaces and at least one visible character.

    Args:
        name: what it is, for messages: `"post"`, `"response"`, `"sentence"`.
        text: as its file has it; bytes that are no UTF-8 stand in it as lone surrogates.

    Raises:
        ShapeError: it is not UTF-8, or nothing in it can be seen.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ShapeError(f"expected a {name} in UTF-8, got invalid UTF-8") from error
    text = " ".join(text.split())
    # What lies behind the cut is never seen, so that it cannot make a text of something invisible.
    if not any(map(_is_visible, text[:MAX_CHARACTERS])):
        raise ShapeError(f"expected a {name} with visible characters, got {text!r}")
    return text


def _is_visible(character: str) -> bool:
    """Whether `ecm_tf.text.normalize` keeps it: separators and control characters fall.

    Python may not know the newest characters; those count as unassigned (`Cn`), and are kept.
    """
    category = unicodedata.category(character)
    return category[0] not in "ZC" or category == "Cn"


def source_digest(path: Path) -> str:
    """The sha256 of a source.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return sha256(path)
    except OSError as error:
        raise InputError(f"{path}: expected a readable file; {error.strerror}.") from error


def source_digests(paths: Iterable[Path], output: Path) -> dict[str, str]:
    """The name and sha256 of every source, for the manifest of what is made from them.

    Raises:
        InputError: a source cannot be read, lies in the output, or has the name of another one.
    """
    digests: dict[str, str] = {}
    for path in paths:
        if path.resolve().is_relative_to(output.resolve()):
            raise InputError(f"{path}: expected a source outside the output, {output}.")
        digest = source_digest(path)
        if digests.setdefault(path.name, digest) != digest:
            raise InputError(
                f"{path}: expected a name of its own, since the manifest tells sources by their "
                "names; another source has the same."
            )
    return digests
