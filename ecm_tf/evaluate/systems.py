"""The flags for models and searches, shared by the commands that generate replies."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ecm_tf.config import SearchConfig, require_used
from ecm_tf.core import command
from ecm_tf.core.errors import InputError
from ecm_tf.core.files import read_toml
from ecm_tf.core.released import add_model_flags

if TYPE_CHECKING:
    from ecm_tf.data.directory import DatasetDirectory


def add_data(parser: argparse.ArgumentParser) -> None:
    """Adds the flags for models, dataset and split."""
    add_model_flags(parser, "model directories", several=True)
    parser.add_argument(
        "--dataset", type=Path, required=True, help="dataset directory, made by data_prep build"
    )
    parser.add_argument(
        "--split",
        choices=("train", "dev", "test"),
        default="test",
        help="split to measure on (default: test)",
    )


def add_searches(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of one search, and `--searches` for several."""
    search = parser.add_argument_group("search")
    command.add_options(search, SearchConfig, without=["auto_weight"])  # every emotion is requested
    search.add_argument(
        "--searches",
        type=Path,
        metavar="TOML",
        help="compare several searches instead: a TOML file with one table per search; the name of "
        "the table is the label, its keys are the settings above; unlike --rerank, the key rerank "
        "does not change the other defaults",
    )


def named_directories(directories: Sequence[Path]) -> dict[str, Path]:
    """Returns model directories by name: the shortest ends of their paths that differ.

    Raises:
        InputError: two of them are the same directory.
    """
    parts = [directory.resolve().parts for directory in directories]
    if len(set(parts)) < len(parts):
        raise InputError(
            f"--train_dir: expected different directories, got {_listed(directories)}."
        )
    for length in range(1, max(map(len, parts)) + 1):
        # A hyphen, because names become file names as well.
        names = ["-".join(part[-length:]) for part in parts]
        if len(set(names)) == len(names):
            return dict(zip(names, directories, strict=True))
    raise InputError(
        f"--train_dir: expected directories of different names, got {_listed(directories)}."
    )


def _listed(paths: Sequence[Path]) -> str:
    return ", ".join(map(str, paths))


def read_searches(path: Path | None, config: SearchConfig) -> dict[str, SearchConfig]:
    """Returns the searches of a file by name; without a file, the one that the flags describe.

    Raises:
        InputError: the file has no valid searches, or search flags were given beside it.
    """
    if path is None:
        return {config.name: config}
    if config != SearchConfig():
        raise InputError(f"--searches: expected no other search flags, got {config.name}.")
    tables = read_toml(path, "a TOML file of searches")
    if not tables:
        raise InputError(f"{path}: expected at least one search, got none.")
    for name, settings in tables.items():
        if not isinstance(settings, dict):
            raise InputError(f"{path}: expected tables, got {name} = {settings!r}.")
    searches = {}
    for name, settings in tables.items():
        searches[name] = SearchConfig.from_dict(settings, f"{path}: {name}")
        require_used(settings, searches[name], f"{path}: {name}: ")
    return searches


def open_split(directory: Path, split: str) -> "DatasetDirectory":
    """Returns a dataset whose split is not empty.

    Raises:
        InputError: it is not a dataset directory, or the split has no pairs.
    """
    from ecm_tf.data.directory import DatasetDirectory

    dataset = DatasetDirectory(directory)
    if not dataset.manifest["counts"]["pairs"][split]:
        raise InputError(f"{directory}: expected pairs in {split}, got none.")
    return dataset
