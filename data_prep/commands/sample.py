"""`sample`: a small corpus to try things with."""

import argparse
from pathlib import Path

from data_prep.commands.parsers import Commands


def add(commands: Commands) -> None:
    """Adds the command's parser."""
    parser = commands.add_parser(
        "sample",
        help="write a small Chinese sample corpus with its lexicon",
        description="Writes a small Chinese sample corpus with its lexicon, to try things with.",
    )
    parser.add_argument(
        "--output", type=Path, required=True, metavar="DIRECTORY", help="where to write its files"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the generator (default: 0)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Runs the command."""
    from data_prep.corpus.sample import write_sample

    write_sample(arguments.output, arguments.seed)
    print(f"sample corpus: {arguments.output}")
