"""Fixtures that are directories, made once for all workers of pytest-xdist."""

from collections.abc import Callable
from pathlib import Path

import filelock
import pytest


def shared_directory(
    factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]
) -> Path:
    """Returns the directory `name`, which the first worker that needs it makes.

    Args:
        factory: pytest's factory of temporary directories.
        name: a name that no other fixture has.
        make: writes the content of a directory that does not exist yet.
    """
    base = factory.getbasetemp()
    # A worker's base is in the directory of the run, which all workers share.
    directory = (base.parent if base.name.startswith("popen-") else base) / "shared" / name
    directory.parent.mkdir(exist_ok=True)
    done = directory.with_name(f"{name}.done")
    with filelock.FileLock(f"{directory}.lock"):
        if not done.exists():
            make(directory)
            done.touch()
    return directory
