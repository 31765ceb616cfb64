"""What the commands' parsers share."""

import argparse
import os
from pathlib import Path
from typing import Any

from ecm_tf.text import emotions

Commands = Any
"""What `add_subparsers` returns; argparse has no public name for it."""


def add_emotions(parser: argparse._ActionsContainer) -> None:
    """Adds `--emotions FILE`; `None` means the six of the paper."""
    parser.add_argument(
        "--emotions",
        type=Path,
        metavar="FILE",
        help='categories of your own: a JSON list of {"name": …, "chinese": …, "aliases": […]} '
        f"(default: {emotions.DEFAULT.allowed})",
    )


def add_workers(parser: argparse._ActionsContainer) -> None:
    """Adds `--workers N`."""
    parser.add_argument(
        "--workers",
        type=int,
        default=os.cpu_count() or 1,
        help="processes that segment text (default: one for each core)",
    )
