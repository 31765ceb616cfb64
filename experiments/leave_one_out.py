"""Prints the table of `leave_one_out.sh`: `python -m experiments.leave_one_out OUTPUT`."""

import json
from pathlib import Path
from statistics import mean

from ecm_tf.core.arguments import Parser
from ecm_tf.core.command import run
from ecm_tf.core.errors import InputError
from ecm_tf.report.tables import markdown_table

OWN_TEST, OWN_ACCURACY = "all", "accuracy of all"
"""The classifier of all sources, whose scores are those on the test part of a source."""


def main(argv: list[str] | None = None) -> None:
    """Runs the command; see the module."""
    parser = Parser(prog="python -m experiments.leave_one_out", description=__doc__)
    parser.add_argument("output", type=Path, help="directory that the script writes to")
    rows: dict[str, dict[str, float]] = {}
    output = parser.parse_args(argv).output
    for path in sorted(output.glob("*/*-scores/scores.json")):
        (scores,) = json.loads(path.read_text(encoding="utf-8")).values()
        source = path.parent.name.removesuffix("-scores")
        row = rows.setdefault(path.parents[1].name, {})
        row[source] = scores["macro_f1"]
        if source == OWN_TEST:
            row[OWN_ACCURACY] = scores["accuracy"]
    if not rows:
        raise InputError(f"{output}: expected scores of experiments/leave_one_out.sh, got none.")
    sources = sorted({source for row in rows.values() for source in row} - {OWN_TEST, OWN_ACCURACY})
    shared = [source for source in sources if all(source in row for row in rows.values())]
    print(
        markdown_table(
            [
                "macro-F1 on",
                *sources,
                f"mean of {', '.join(shared)}",
                "own test part",
                "its accuracy",
            ],
            [
                [
                    name,
                    *(_cell(row.get(source)) for source in sources),
                    _cell(mean(row[source] for source in shared) if shared else None),
                    _cell(row.get(OWN_TEST)),
                    _cell(row.get(OWN_ACCURACY)),
                ]
                for name, row in rows.items()
            ],
        )
    )


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    run(main)
