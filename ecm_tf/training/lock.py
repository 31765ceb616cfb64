"""The lock that keeps a second run from using the same train_dir."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from ecm_tf.core.errors import InputError

LOCK = ".lock"


@contextlib.contextmanager
def exclusive(train_dir: Path) -> Iterator[None]:
    """Makes other runs on the same train_dir fail while the `with` block runs.

    The operating system releases the lock when the process ends, however it ends.

    Raises:
        InputError: another run uses the train_dir.
    """
    train_dir.mkdir(parents=True, exist_ok=True)
    lock = FileLock(train_dir / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise InputError(
            f"{train_dir}: expected a directory that no other run uses, but one is in progress. "
            "Wait until it has finished, or choose another --train_dir."
        ) from error
    try:
        yield
    finally:
        lock.release()
