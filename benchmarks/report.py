"""The command line and the output of every benchmark."""

import argparse
import json
import platform
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ecm_tf.core import command
from ecm_tf.core.arguments import Parser
from ecm_tf.core.cpus import available_cpus
from ecm_tf.report.tables import markdown_table

Row = dict[str, Any]


def machine() -> dict[str, Any]:
    """Returns the processor and the versions that a result depends on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    packages = {name: version(name) for name in ("tensorflow", "keras", "numpy")}
    python = platform.python_version()
    return {"cpu": model, "cores": available_cpus(), "python": python, **packages}


def run(
    name: str,
    about: str | None,
    measure: Callable[[argparse.Namespace], Iterable[Row]],
    flags: Callable[[argparse.ArgumentParser], Any] | None = None,
    argv: Sequence[str] | None = None,
) -> None:
    """Runs a benchmark as a command: prints a table and writes `OUTPUT/NAME.json`.

    Args:
        name: the module's name in `benchmarks`.
        about: the module's docstring.
        measure: returns rows. A row with a `target` says in `met`, a bool, whether it is met.
        flags: adds more flags to a parser.
        argv: the arguments; those of the process by default.
    """

    def main() -> None:
        parser = Parser(
            prog=f"python -m benchmarks.{name}",
            description=(about or "").split("\n\n")[0],
        )
        parser.add_argument("--output", type=Path, default=Path("build/bench"))
        parser.add_argument(
            "--quick", action="store_true", help="use small sizes, to test the benchmark"
        )
        if flags:
            flags(parser)
        arguments = parser.parse_args(argv)
        rows = list(measure(arguments))
        print(table(rows), flush=True)
        arguments.output.mkdir(parents=True, exist_ok=True)
        content = {"machine": machine(), "quick": arguments.quick, "rows": rows}
        text = json.dumps(content, ensure_ascii=False, indent=1)
        (arguments.output / f"{name}.json").write_text(text + "\n", encoding="utf-8")

    command.run(main)


def table(rows: Sequence[Row]) -> str:
    """Returns rows as a Markdown table; a missing cell is empty."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return markdown_table(names, [[_cell(row.get(name)) for name in names] for row in rows])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
