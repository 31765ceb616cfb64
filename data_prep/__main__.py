"""Command line of data preparation: `python -m data_prep COMMAND …`."""

import argparse
from collections.abc import Sequence
from functools import partial

from data_prep.commands import build, classifier, label, lexicon, merge, report, sample
from ecm_tf.core.arguments import Parser
from ecm_tf.core.command import run
from ecm_tf.core.logging import configure_logging

COMMANDS = (sample, merge, classifier, label, lexicon, build, report)

PROG = "python -m data_prep"


def parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Returns the command's argument parser."""
    result = Parser(
        prog=prog,
        description="Makes a training dataset from a corpus of posts and responses.",
    )
    commands = result.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return result


def main(argv: Sequence[str] | None = None, prog: str = PROG) -> None:
    """Runs a command; see `--help`."""
    command_line = parser(prog)
    arguments = command_line.parse_args(argv)
    arguments.reparse = partial(command_line.parse_args, argv)
    configure_logging(name="data_prep")
    arguments.run(arguments)


if __name__ == "__main__":
    run(main)
