"""Replacement of the content of a finished directory, which stays usable at every moment.

The new files are written to a hidden subdirectory. Renaming it marks them as complete; from then on
the replacement is always finished, never rolled back: its files are moved into place one by one,
the manifest last. If the process dies before that, the next process that reads the directory moves
the remaining files.
"""

import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MANIFEST = "manifest.json"
_PARTIAL, _COMPLETE = ".partial-", ".complete-"


@contextmanager
def replaced_files(directory: Path) -> Iterator[Path]:
    """Yields a staging directory whose files replace those of `directory` after the `with` block.

    If the block raises, the files of `directory` are unchanged. Files that the new manifest does
    not list are kept. Only one process may replace files at a time.

    Args:
        directory: a new or a finished directory; created if absent. The block must write a
            `manifest.json` into the staging directory.
    """
    directory.mkdir(parents=True, exist_ok=True)
    finish_replacement(directory)
    for abandoned in directory.glob(f"{_PARTIAL}*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    name = uuid.uuid4().hex
    partial = directory / f"{_PARTIAL}{name}"
    try:
        partial.mkdir()
        yield partial
        sync_tree(partial)
        partial.rename(directory / f"{_COMPLETE}{name}")
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    finish_replacement(directory)


def finish_replacement(directory: Path) -> None:
    """Moves the files of a complete replacement into place, if there is one.

    Several processes may do this at once: each file is moved by one of them.

    Raises:
        OSError: a file cannot be moved.
    """
    for staging in directory.glob(f"{_COMPLETE}*"):
        # Without a manifest, all files have been moved and only the directory is left.
        with suppress(FileNotFoundError):
            manifest = json.loads((staging / MANIFEST).read_text(encoding="utf-8"))
            for name in [*manifest["files"], MANIFEST]:
                (directory / name).parent.mkdir(exist_ok=True)
                with suppress(FileNotFoundError):
                    os.replace(staging / name, directory / name)
            _sync(directory)
        shutil.rmtree(staging, ignore_errors=True)


def sync_tree(directory: Path) -> None:
    """Waits until every file and directory below `directory` is on the disk."""
    for path in [*directory.rglob("*"), directory]:
        _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
