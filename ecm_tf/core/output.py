"""An output directory that appears only when it is finished."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import read_manifest


def check_output(output: Path, kind: str, *, overwrite: bool) -> None:
    """Refuses an output that would destroy something.

    Args:
        output: where a directory shall be put.
        kind: what kind it will be, as its manifest says.
        overwrite: whether a finished directory of that kind may be replaced.

    Raises:
        InputError: it is a file, another kind of directory, or finished already.
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
            "--overwrite; this one has other things in it."
        ) from error
    if not overwrite:
        raise InputError(f"{output}: there is a {kind} already; --overwrite replaces it.")


@contextmanager
def finished_directory(output: Path) -> Iterator[Path]:
    """A directory to work in that becomes `output` at the end, or vanishes with the first error.

    Args:
        output: where it shall be; what lies there is replaced (see `check_output`).

    Raises:
        InputError: no directory can be made there.
    """
    output = output.resolve()
    partial = output.with_name(f".{output.name}.partial-{os.getpid()}")
    try:
        partial.mkdir(parents=True)
    except OSError as error:
        raise InputError(f"{output}: expected a place for a new directory; {error}.") from error
    try:
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
