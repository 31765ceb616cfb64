"""Arguments shared by several commands."""

import argparse
from pathlib import Path
from typing import Any

from ecm_tf.core.arguments import positive_int
from ecm_tf.core.cpus import available_cpus
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


def add_workers(parser: argparse._ActionsContainer) -> None:
    """Adds `--workers N`."""
    parser.add_argument(
        "--workers",
        type=_workers,
        default="all",
        metavar="N",
        help="number of segmentation processes; all: one for each CPU that this process may use "
        "(default: %(default)s)",
    )


def _workers(text: str) -> int:
    return available_cpus() if text == "all" else positive_int(text)
