"""`sample`: writes a small corpus for trying the program."""

import argparse
from pathlib import Path

from data_prep.commands.parsers import Commands
from ecm_tf.core.arguments import seed


def add(commands: Commands) -> None:
    """Adds the command's parser."""
    parser = commands.add_parser(
        "sample",
        help="write a small Chinese sample corpus with its emotion words",
        description="Writes a small Chinese sample corpus with its emotion words, for trying the "
        "program.",
    )
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="DIRECTORY",
        help="directory to write the files to",
    )
    parser.add_argument(
        "--seed", type=seed, default=0, metavar="N", help="random seed (default: 0)"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace other files of the same names"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Runs the command."""
    from data_prep.corpus.sample import write_sample

    write_sample(arguments.output, arguments.seed, overwrite=arguments.overwrite)
    print(f"sample corpus: {arguments.output}")
