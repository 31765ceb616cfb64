"""Version directories `BASE/1/`, `BASE/2/`, … of an exported model."""

import argparse
import re
from pathlib import Path

MAX_VERSION = 2**63 - 1
"""TF Serving's version numbers have 64 bits, one for the sign."""
_VERSION = re.compile(r"0|[1-9][0-9]{0,18}")


def version(text: str) -> int:
    """Parses the value of `--version`."""
    number = version_number(Path(text))
    if number is None or "/" in text:
        raise argparse.ArgumentTypeError(
            f"expected a version number, at most {MAX_VERSION}, got {text!r}"
        )
    return number


def version_number(directory: Path) -> int | None:
    """Returns the version number that a directory is named after; None if it has another name.

    Args:
        directory: path of the directory; it need not exist.
    """
    number = int(directory.name) if _VERSION.fullmatch(directory.name) else None
    return number if number is not None and number <= MAX_VERSION else None


def version_directories(base: Path) -> dict[int, Path]:
    """Returns the version directories that have a SavedModel, by version number.

    Args:
        base: directory with the versions `1/`, `2/`, …
    """
    directories = {}
    for path in base.glob("*"):
        number = version_number(path)
        if number is not None and (path / "saved_model.pb").is_file():
            directories[number] = path
    return directories
