"""A lock that one process holds while it writes files that a second one must not write."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from ecm_tf.core.errors import InputError


@contextlib.contextmanager
def locked(path: Path, refusal: str, *, remove: bool = False) -> Iterator[None]:
    """Holds a lock while the `with` block runs.

    The operating system releases the lock when the process ends, however it ends.

    Args:
        path: the lock file, which is created.
        refusal: message of the error if another process holds the lock.
        remove: whether the lock file is removed at the end.

    Raises:
        InputError: another process holds the lock.
        OSError: the lock file cannot be created.
    """
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise InputError(refusal) from error
    try:
        yield
    finally:
        if remove:
            # While the lock is still held: a process that has opened this file already does not
            # get the lock, because filelock takes none on a removed file.
            path.unlink(missing_ok=True)
        lock.release()
