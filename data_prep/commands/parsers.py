"""Arguments shared by several commands."""

import argparse
from pathlib import Path
from typing import Any

from ecm_tf.core.arguments import positive_int
from ecm_tf.text import emotions

Commands = Any
"""The type of `add_subparsers()`, for which argparse has no public name."""


def add_emotions(parser: argparse._ActionsContainer) -> None:
    """Adds `--emotions FILE`; the default, `None`, means the six categories of the paper."""
    parser.add_argument(
        "--emotions",
        type=Path,
        metavar="FILE",
        help='custom categories: a JSON list of {"name": …, "chinese": …, "aliases": […]} '
        f"(default: {emotions.DEFAULT.allowed})",
    )


def add_ray_address(parser: argparse._ActionsContainer, shard: str) -> None:
    """Adds `--ray_address ADDRESS`.

    Args:
        parser: the parser.
        shard: what a task processes, for the help.
    """
    parser.add_argument(
        "--ray_address",
        metavar="ADDRESS",
        help=f"process {shard} in parallel with Ray Data (extra train-ray). local: processes on "
        "this machine; auto or HOST:PORT: a Ray cluster, whose machines must share the file system "
        "of the corpus and of --output. The output is the same as without Ray",
    )


def add_workers(parser: argparse._ActionsContainer, workers: str) -> None:
    """Adds `--workers N`; the default, `None`, means one for each CPU.

    Args:
        parser: the parser.
        workers: what the workers are, for the help.
    """
    parser.add_argument(
        "--workers",
        type=positive_int,
        metavar="N",
        help=f"number of {workers} (default: one for each CPU that this process may use)",
    )


def given_flags(arguments: argparse.Namespace) -> set[str]:
    """Returns the names of the flags that are given, even if their values are the defaults.

    It is for subcommands what `ecm_tf.core.command.given_options` is for a command's only parser,
    and takes the defaults away from the subcommand's parser.

    Args:
        arguments: the parsed arguments, with the subcommand's parser as `parser`, and a function
            that parses the same command line again as `reparse`.
    """
    for action in arguments.parser._actions:
        action.default = argparse.SUPPRESS
    return set(vars(arguments.reparse()))
