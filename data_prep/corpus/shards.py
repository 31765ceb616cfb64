"""The files of a corpus, from paths, directories and glob patterns on the command line."""

import glob
from collections.abc import Sequence
from pathlib import Path

from ecm_tf.core.errors import InputError

SUFFIXES = (".jsonl", ".json", ".tsv", ".csv")
"""Ends of the names of corpus files in a directory, also followed by `.gz`."""
SHARDS = "files, directories or quoted glob patterns; the files of each sorted by name"


def find_shards(flag: str, paths: Sequence[Path]) -> list[Path]:
    """Returns the files that paths stand for; those of a directory or pattern sorted by name.

    Args:
        flag: the flag that has the paths, for messages.
        paths: files, directories with corpus files, or glob patterns. Files need not exist.

    Raises:
        InputError: a directory or pattern has no corpus file.
    """
    return [shard for path in paths for shard in _find(flag, path)]


def _find(flag: str, path: Path) -> list[Path]:
    if path.is_dir():
        found = [file for file in path.iterdir() if _has_corpus_name(file)]
        expected = f"a directory with corpus files ({', '.join(SUFFIXES)}; also .gz)"
    elif path.exists() or not glob.has_magic(str(path)):
        return [path]
    else:
        found = matching_files(str(path), Path())
        expected = "a pattern of corpus files"
    shards = sorted(file for file in found if file.is_file())
    if not shards:
        raise InputError(f"{flag}: expected {expected}, got {path}, which has none.")
    return shards


def matching_files(pattern: str, root: Path) -> list[Path]:
    """Returns the file of a name, or else the files that a glob pattern matches, sorted by name.

    Args:
        pattern: relative to `root`, or absolute.
        root: a directory.
    """
    if (root / pattern).exists():
        return [root / pattern]
    names = sorted(glob.glob(pattern, root_dir=root, recursive=True))
    return [root / name for name in names if (root / name).is_file()]


def _has_corpus_name(path: Path) -> bool:
    return path.name.removesuffix(".gz").endswith(SUFFIXES) and not path.name.startswith((".", "_"))
