"""The evaluation command: `python -m ecm_tf.evaluate`, with `sheet` and `agree` as subcommands.

- `models`: the command without a subcommand, which measures models on a split.
- `sheet`: writes annotation sheets for a human evaluation.
- `agree`: reads filled sheets.
"""

import argparse
import sys
from collections.abc import Sequence

from ecm_tf.evaluate import agree, models, sheet

PROG = "python -m ecm_tf.evaluate"
COMMANDS = {"sheet": sheet, "agree": agree}


def parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Returns the command's argument parser."""
    return _parsers(prog)[0]


def main(argv: Sequence[str] | None = None, prog: str = PROG) -> None:
    """Runs the command; see `--help`."""
    argv = sys.argv[1:] if argv is None else list(argv)
    # The first argument decides: as a subparser of `models`, `sheet` would need its flags as well.
    name = argv[0] if argv else ""
    own, subparsers = _parsers(prog)
    if name in COMMANDS:
        COMMANDS[name].run(subparsers[name], argv[1:])
    else:
        models.run(own, argv)


def _parsers(prog: str) -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    result = models.parser(prog)
    commands = result.add_subparsers(title="human evaluation", metavar="COMMAND")
    for command in COMMANDS.values():
        command.add(commands)
    return result, dict(commands.choices)
