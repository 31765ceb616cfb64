"""Files that a task writes completely or not at all, even if it is killed and repeated."""

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def whole_file(path: Path, temporary_directory: Path | None = None) -> Iterator[Path]:
    """Yields a temporary path, which is renamed to `path` at the end of the `with` block.

    Two attempts of a task may overlap if a machine is lost and comes back; each has a temporary
    file of its own.

    Args:
        path: the file to write; an existing one is replaced.
        temporary_directory: where to write the temporary file, on the same file system. A process
            that is killed leaves it there. The default is the directory of `path`.
    """
    name = f".{path.name}.{uuid.uuid4().hex}"
    temporary = (temporary_directory or path.parent) / name
    try:
        yield temporary
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
