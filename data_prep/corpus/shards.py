"""The files of a corpus, from paths, directories and glob patterns on the command line."""

import glob
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from ecm_tf.core.errors import InputError

_log = logging.getLogger(__name__)

SUFFIXES = (".jsonl", ".json", ".tsv", ".csv")
"""Ends of the names of corpus files in a directory, also followed by `.gz`."""
NOT_SHARDS = (".partial", ".progress.json", "rejected.jsonl")
"""Ends of the names of files that `label` and other commands write beside a corpus."""
HIDDEN = (".", "_")
"""Beginnings of the names of files that a directory does not count as its corpus files."""
SHARDS = "files, directories or quoted glob patterns, each expanded in order of path"


def find_splits(corpus: Mapping[str, Sequence[Path]]) -> dict[str, list[Path]]:
    """Returns the files of each split; see `find_shards`. A file in two splits is logged.

    Args:
        corpus: for each split, which is also the name of its flag, its paths.

    Raises:
        InputError: a directory or pattern has no corpus file, or a file is twice in a split.
    """
    found = {split: find_shards(f"--{split}", paths) for split, paths in corpus.items()}
    splits: dict[Path, str] = {}
    for split, files in found.items():
        seen: set[Path] = set()
        for file in files:
            resolved = file.resolve()
            if resolved in seen:
                raise InputError(f"--{split}: expected every file once, got {file} twice.")
            seen.add(resolved)
            if (other := splits.setdefault(resolved, split)) != split:
                _log.warning("--%s: %s is also in --%s", split, file, other)
    return found


def find_shards(flag: str, paths: Sequence[Path]) -> list[Path]:
    """Returns the files that paths stand for; those of a directory or pattern sorted by path.

    Args:
        flag: the flag that has the paths, for messages.
        paths: files, directories with corpus files, or glob patterns. Files need not exist.

    Raises:
        InputError: a directory or pattern has no corpus file.
    """
    return [shard for path in paths for shard in _find(flag, path)]


def _find(flag: str, path: Path) -> list[Path]:
    if path.is_dir():
        named = [file for file in path.iterdir() if _has_ending(file.name) and file.is_file()]
        found = [file for file in named if not file.name.startswith(HIDDEN)]
        if skipped := len(named) - len(found):
            reason = "names begin with . or _"
            _log.info("%s: %s: files skipped because their %s: %d", flag, path, reason, skipped)
        expected = f"a directory with corpus files ({', '.join(SUFFIXES)}; also .gz)"
    elif path.exists() or not glob.has_magic(str(path)):
        return [path]
    else:
        found = matching_files(str(path), Path())
        expected = "a pattern of corpus files"
    shards = sorted(file for file in found if _is_shard(file))
    if not shards:
        raise InputError(f"{flag}: expected {expected}, got {path}, which has none.")
    return shards


def matching_files(pattern: str, root: Path) -> list[Path]:
    """Returns the file of a name, or else the files that a glob pattern matches, sorted by path.

    Args:
        pattern: relative to `root`, or absolute.
        root: a directory.
    """
    if (root / pattern).exists():
        return [root / pattern]
    names = sorted(glob.glob(pattern, root_dir=root, recursive=True))
    return [root / name for name in names if (root / name).is_file()]


def _has_ending(name: str) -> bool:
    return name.removesuffix(".gz").endswith(SUFFIXES)


def _is_shard(file: Path) -> bool:
    return not file.name.endswith(NOT_SHARDS)
