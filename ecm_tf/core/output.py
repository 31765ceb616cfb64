"""Output directories that appear only when they are finished."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from ecm_tf.core.errors import InputError
from ecm_tf.core.files import writing
from ecm_tf.core.manifest import MANIFEST, read_manifest

_REMOVAL_ATTEMPTS = 10


def check_output(output: Path, kind: str | None = None, *, overwrite: bool = False) -> None:
    """Checks that a directory can be written to `output` without destroying other data.

    Args:
        output: path of the new directory.
        kind: its kind, as in its manifest; `None` if no finished directory may be replaced.
        overwrite: whether to allow replacing a finished directory of that kind.

    Raises:
        InputError: `output` is a file, a non-empty directory of another kind, or a finished
            directory of that kind without `overwrite`.
    """
    if output.exists() and not output.is_dir():
        raise InputError(f"{output}: expected a new directory, got a file.")
    own = _partial_name(output)
    if not output.is_dir() or all(path.name.startswith(own) for path in output.iterdir()):
        return
    if kind is None:
        raise InputError(f"{output}: expected a new or empty directory; it contains other files.")
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
def finished_directory(
    output: Path, kind: str | None = None, *, overwrite: bool = False
) -> Iterator[Path]:
    """Yields a temporary directory that becomes `output` at the end of the `with` block.

    If the block raises, the temporary directory is removed and `output` is left unchanged. The
    same happens if another process has put data into `output` in the meantime. A mount point
    cannot be renamed: its content is replaced, the manifest last.

    Args:
        output: path of the finished directory.
        kind, overwrite: what it may replace, as for `check_output`.

    Raises:
        InputError: the directory cannot be created; or, at the end, as for `check_output`.
    """
    output = output.resolve()
    mounted = output.is_mount()
    beside = output if mounted else output.parent
    partial = beside / f"{_partial_name(output)}{uuid4().hex}"
    created = [path for path in partial.parents if not path.exists()]
    try:
        try:
            partial.mkdir(parents=True)
        except OSError as error:
            reason = error.strerror or error
            raise InputError(f"{output}: the directory cannot be created: {reason}.") from error
        with writing(output):
            yield partial
            check_output(output, kind, overwrite=overwrite)
            if mounted:
                _replace_content(output, partial)
            else:
                _replace(output, partial)
    except BaseException:
        _remove(partial)
        for path in created:
            with suppress(OSError):
                path.rmdir()
        raise
    shutil.rmtree(partial, ignore_errors=True)


def _partial_name(output: Path) -> str:
    """Returns how the names of temporary directories of an output begin."""
    return f".{output.resolve().name}.partial-"


def _remove(partial: Path) -> None:
    """Removes a directory to which tasks on other machines may be writing until they are cancelled.

    A file that appears while the directory is removed keeps it from being removed.
    """
    for _ in range(_REMOVAL_ATTEMPTS):
        shutil.rmtree(partial, ignore_errors=True)
        if not partial.exists():
            return


def _replace(output: Path, partial: Path) -> None:
    if not output.exists():
        partial.rename(output)
        return
    replaced = output.with_name(f".{output.name}.replaced-{uuid4().hex}")
    try:
        output.rename(replaced)
    except OSError as error:
        # Not every mount point is recognised as one: a bind mount from the same file system is not.
        if error.errno != errno.EBUSY:
            raise
        _replace_content(output, partial)
        return
    try:
        partial.rename(output)
    except BaseException:
        replaced.rename(output)
        raise
    shutil.rmtree(replaced)


def _replace_content(output: Path, partial: Path) -> None:
    """Moves the content of `partial` into a directory that cannot be renamed."""
    names = sorted(os.listdir(partial), key=lambda name: name == MANIFEST)
    # Without its manifest, a directory is not accepted by any command.
    (output / MANIFEST).unlink(missing_ok=True)
    for path in output.iterdir():
        if path == partial:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    for name in names:
        shutil.move(partial / name, output / name)
