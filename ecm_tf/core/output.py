"""Output directories that appear only when they are finished."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ecm_tf.core.errors import InputError
from ecm_tf.core.files import writing
from ecm_tf.core.manifest import read_manifest


def check_output(output: Path, kind: str, *, overwrite: bool) -> None:
    """Checks that a directory can be written to `output` without destroying other data.

    Args:
        output: path of the new directory.
        kind: its kind, as in its manifest.
        overwrite: whether to allow replacing a finished directory of that kind.

    Raises:
        InputError: `output` is a file, a non-empty directory of another kind, or a finished
            directory of that kind without `overwrite`.
    """
    if output.exists() and not output.is_dir():
        raise InputError(f"{output}: expected a new directory, got a file.")
    if not output.is_dir() or not any(output.iterdir()):
        return
    try:
        read_manifest(output, kind)
    except InputError as error:
        raise InputError(
            f"{output}: expected a new or empty directory, or a finished {kind} directory with "
            "--overwrite; this directory contains other files."
        ) from error
    if not overwrite:
        raise InputError(f"{output}: a {kind} directory exists already; --overwrite replaces it.")


@contextmanager
def finished_directory(output: Path) -> Iterator[Path]:
    """Yields a temporary directory that becomes `output` at the end of the `with` block.

    If the block raises, the temporary directory is removed and `output` is left unchanged.

    Args:
        output: path of the finished directory; an existing directory is replaced (see
            `check_output`).

    Raises:
        InputError: the directory cannot be created.
    """
    output = output.resolve()
    partial = output.with_name(f".{output.name}.partial-{os.getpid()}")
    try:
        partial.mkdir(parents=True)
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"{output}: the directory cannot be created: {reason}.") from error
    try:
        with writing(output):
            yield partial
            _replace(output, partial)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _replace(output: Path, partial: Path) -> None:
    if not output.exists():
        partial.rename(output)
        return
    replaced = output.with_name(f".{output.name}.replaced-{os.getpid()}")
    output.rename(replaced)
    partial.rename(output)
    shutil.rmtree(replaced)
