"""Input files and output directories: one that cannot be read or written is an `InputError`.

Every command reads its input through this module, so that all of them report such files alike.
"""

import contextlib
import gzip
import json
import os
import sys
import tempfile
import tomllib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from ecm_tf.core.errors import InputError


@contextlib.contextmanager
def reading(path: Path, expected: str) -> Iterator[None]:
    """Reports any failure to read `path` inside the `with` block as an `InputError`.

    Covers missing files, directories, missing permissions, damaged gzip data and invalid UTF-8;
    errors in the content are the caller's to report.

    Args:
        path: the file that the block reads.
        expected: what the file should hold, for the message: `"a vocabulary, one word per line"`.

    Raises:
        InputError: the file could not be read.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; expected {expected}.") from error
    except IsADirectoryError as error:
        raise InputError(f"{path}: expected {expected}, got a directory.") from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: expected {expected}, got invalid {error.encoding.upper()} at byte "
            f"{error.start + 1}."
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{path}: expected {expected}; the file cannot be read: {reason}.") from (
            error
        )


def check_name(name: str, what: str) -> None:
    """Checks that a name is text in the encoding of the file system.

    TensorFlow, HDF5 and JSON accept no other names.

    Args:
        name: a file name, or an argument that may be one.
        what: what has the name, for the message: `"file"`.

    Raises:
        InputError: it is not.
    """
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"{what} {os.fsencode(name)!r}: expected {sys.getfilesystemencoding().upper()}, got "
            "other bytes; convert the text, or rename the file."
        ) from error


def open_binary(path: Path) -> BinaryIO:
    """Opens a file that may be gzipped, which its first two bytes tell."""
    with path.open("rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
    return cast(BinaryIO, gzip.open(path)) if is_gzip else path.open("rb")


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Adds the name of `path` to an `OSError` without one, such as that of a full disk.

    `ecm_tf.core.command.run` prints it as one sentence.

    Args:
        path: the file or directory that the `with` block writes.
    """
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            error.filename = str(path)
        raise


def read_text(path: Path, expected: str) -> str:
    """Returns the content of a UTF-8 file, without the byte order mark that Windows writes.

    Args:
        path: the file.
        expected: what it should hold, for error messages.

    Raises:
        InputError: the file is missing, unreadable or not UTF-8.
    """
    with reading(path, expected):
        return path.read_text(encoding="utf-8-sig")


def read_lines(path: Path, expected: str) -> list[str]:
    """Returns the lines of a UTF-8 file.

    Lines end at line feeds and carriage returns only. `str.splitlines` also splits at characters
    that occur within texts, such as U+2028.

    Args:
        path: the file.
        expected: what it should hold, for error messages.

    Raises:
        InputError: the file is missing, unreadable or not UTF-8.
    """
    text = read_text(path, expected)
    return text.removesuffix("\n").split("\n") if text else []


def read_json(path: Path, expected: str) -> Any:
    """Returns the decoded content of a JSON file.

    Args:
        path: the file.
        expected: what it should hold, for error messages: `"a JSON list of emotions"`.

    Raises:
        InputError: the file is missing, unreadable or not JSON.
    """
    try:
        return json.loads(read_text(path, expected))
    except InputError:
        raise
    except (ValueError, RecursionError) as error:  # Numbers and nesting have limits, too.
        raise InputError(f"{path}: expected {expected}; {error}.") from error


def read_toml(path: Path, expected: str) -> dict[str, Any]:
    """Returns the decoded content of a TOML file.

    Args:
        path: the file.
        expected: what it should hold, for error messages.

    Raises:
        InputError: the file is missing, unreadable or not TOML.
    """
    try:
        return tomllib.loads(read_text(path, expected))
    except InputError:
        raise
    except (ValueError, RecursionError) as error:  # Numbers and nesting have limits, too.
        raise InputError(f"{path}: expected {expected}; {error}.") from error


def make_directory(path: Path) -> None:
    """Makes a directory for output, if it does not exist, and checks that files can be written.

    Raises:
        InputError: the path is a file, or the directory cannot be made or written.
    """
    require_output_directory(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"{path}: expected a directory to write files to; {reason}.") from error


def require_output_directory(path: Path | None) -> None:
    """Checks, before any work, that an output directory is none or a new or existing directory.

    Raises:
        InputError: it is a file.
    """
    if path is not None and path.exists():
        require_directory(path, "a directory")


def require_directory(path: Path, expected: str) -> None:
    """Checks that a directory exists.

    Args:
        path: the directory.
        expected: what it should be, for the message: `"a model directory"`.

    Raises:
        InputError: it does not exist, or it is a file.
    """
    if path.exists() and not path.is_dir():
        raise InputError(f"{path}: expected {expected}, got a file.")
    if not path.is_dir():
        raise InputError(f"{path}: no such directory; expected {expected}.")
