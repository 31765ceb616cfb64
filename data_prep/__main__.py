"""The commands of data preparation: `python -m data_prep COMMAND …`."""

import argparse

from data_prep.commands import build, classifier, label, lexicon, report, sample
from ecm_tf.core.command import run

COMMANDS = (sample, classifier, label, lexicon, build, report)


def main(argv: list[str] | None = None) -> None:
    """Parses the command line and runs its command."""
    parser = argparse.ArgumentParser(
        prog="python -m data_prep",
        description="Prepares data: from a corpus of posts and responses to a training dataset.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    arguments = parser.parse_args(argv)
    arguments.run(arguments)


if __name__ == "__main__":
    run(main)
