"""Digests of source files, which identify what a directory was made from."""

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path

from data_prep.corpus.files import check_regular_file
from data_prep.execution.executor import Advance, Executor
from data_prep.execution.progress import progress_bar
from ecm_tf.core.errors import InputError
from ecm_tf.core.files import check_name, reading
from ecm_tf.core.manifest import sha256


def source_digest(path: Path) -> str:
    """Returns the sha256 of a source file.

    Raises:
        InputError: the file cannot be read, or is a pipe, or its name is not UTF-8.
    """
    check_name(str(path), "file")
    check_regular_file(path)
    with reading(path, "a readable source file"):
        return sha256(path)


def digests_of(paths: Sequence[Path], executor: Executor) -> Iterator[str]:
    """Yields the sha256 of source files, in order, computed by an executor.

    Raises:
        InputError: a file cannot be read, or is a pipe.
    """

    def digest(path: Path, advance: Advance) -> str:
        result = source_digest(path)
        advance(1)
        return result

    with progress_bar("checking", len(paths), "files") as bar:
        yield from executor.map(lambda: digest, paths, bar.update)


def check_outside(paths: Iterable[Path], output: Path) -> None:
    """Checks that no source lies inside the directory to make.

    Raises:
        InputError: one does.
    """
    for path in paths:
        if path.resolve().is_relative_to(output.resolve()):
            raise InputError(f"{path}: expected a source outside the output directory {output}.")


def source_digests(
    paths: Sequence[Path],
    output: Path,
    digests_of: Callable[[Sequence[Path]], Iterable[str]] | None = None,
) -> dict[str, str]:
    """Returns the name and sha256 of every source file, for a manifest.

    Args:
        paths: the files.
        output: the directory to make of them.
        digests_of: computes the sha256 of files, in order; by default, in this process.

    Raises:
        InputError: a source cannot be read, or lies inside the output.
    """
    check_outside(paths, output)
    computed = digests_of(paths) if digests_of else map(source_digest, paths)
    return dict(zip(distinct_names(paths), computed, strict=True))


def distinct_names(paths: Sequence[Path]) -> list[str]:
    """Returns a name for each file: its own, after as many parent directories as it takes.

    Files with the same name get the parent directories that tell all of them apart, such as
    `train/part-00000.jsonl` and `dev/part-00000.jsonl`.
    """
    absolute = [Path(os.path.abspath(path)) for path in paths]
    namesakes: dict[str, set[Path]] = defaultdict(set)
    for path in absolute:
        namesakes[path.name].add(path)
    lengths = {name: _distinct_length(files) for name, files in namesakes.items()}
    return [Path(*path.parts[-lengths[path.name] :]).as_posix() for path in absolute]


def _distinct_length(paths: Collection[Path]) -> int:
    """Returns the smallest number of last parts in which all paths differ."""
    return next(n for n in count(1) if len({path.parts[-n:] for path in paths}) == len(paths))
