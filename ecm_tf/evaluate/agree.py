"""`agree`: reads filled annotation sheets."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ecm_tf.core.errors import InputError
from ecm_tf.core.files import require_output_directory
from ecm_tf.core.manifest import write_atomically


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """Adds the command's parser."""
    parser = commands.add_parser(
        "agree",
        help="analyse filled annotation sheets",
        description="Reads the filled sheets of one or more annotators, and prints Fleiss' kappa, "
        "the mean content and emotion scores of each system, the distribution of score "
        "combinations, and a comparison of each pair of systems with paired permutation tests.",
        epilog="Example: python -m ecm_tf.evaluate agree sheet-ann.csv sheet-ben.csv --key "
        "build/human-key.json",
    )
    parser.add_argument(
        "sheets", type=Path, nargs="+", metavar="SHEET", help="filled sheets, one per annotator"
    )
    parser.add_argument(
        "--key",
        type=Path,
        required=True,
        metavar="JSON",
        help="the key that `sheet` wrote",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIRECTORY",
        help="write agreement.json and tables.md there",
    )


def run(parser: argparse.ArgumentParser, argv: Sequence[str]) -> None:
    """Runs the command with its parser and its arguments."""
    arguments = parser.parse_args(argv)
    output: Path | None = arguments.output
    require_output_directory(output)
    paths = [path.resolve() for path in arguments.sheets]
    for path in arguments.sheets:
        if paths.count(path.resolve()) > 1:
            raise InputError(f"{path}: expected each sheet once, got it twice.")

    from ecm_tf.evaluation.human.agreement import analyse
    from ecm_tf.evaluation.human.key import Key
    from ecm_tf.evaluation.human.sheet import read_sheet
    from ecm_tf.evaluation.human.tables import tables

    key = Key.load(arguments.key)
    agreement = analyse(key, [read_sheet(path, key) for path in arguments.sheets])
    text = tables(agreement)
    print(text)
    if output:
        output.mkdir(parents=True, exist_ok=True)
        figures = json.dumps(asdict(agreement), ensure_ascii=False, indent=2)
        write_atomically(output / "agreement.json", figures + "\n")
        write_atomically(output / "tables.md", text + "\n")
