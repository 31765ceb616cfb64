"""The lock that keeps a second run from using the same train_dir."""

from contextlib import AbstractContextManager
from pathlib import Path

from ecm_tf.core.lock import locked

LOCK = ".lock"


def exclusive(train_dir: Path) -> AbstractContextManager[None]:
    """Makes other runs on the same train_dir fail while the `with` block runs; see `locked`."""
    train_dir.mkdir(parents=True, exist_ok=True)
    return locked(
        train_dir / LOCK,
        f"{train_dir}: expected a directory that no other run uses, but one is in progress. "
        "Wait until it has finished, or choose another --train_dir.",
    )
