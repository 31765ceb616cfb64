"""Version directories `BASE/1/`, `BASE/2/`, … of an exported model."""

import re
from pathlib import Path

_VERSION = re.compile(r"0|[1-9][0-9]{0,17}")
"""A version number without leading zeros, of at most 64 bits."""


def version_number(directory: Path) -> int | None:
    """Returns the version number that a directory is named after; None if it has another name.

    Args:
        directory: path of the directory; it need not exist.
    """
    return int(directory.name) if _VERSION.fullmatch(directory.name) else None


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
