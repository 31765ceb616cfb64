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
from ecm_tf.core.files import make_directory
from ecm_tf.report.tables import markdown_table

Row = dict[str, Any]
CPUINFO = Path("/proc/cpuinfo")


def machine() -> dict[str, Any]:
    """Returns the processor and the versions that a result depends on."""
    # On ARM, Linux does not name the model.
    lines = CPUINFO.read_text().splitlines()
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    model = names[0] if names else platform.machine()
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

    If a measurement fails, the rows before it are printed and written, with `complete` false.

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
        make_directory(arguments.output)
        content = {"machine": machine(), "quick": arguments.quick, "complete": False}
        rows: list[Row] = []
        try:
            for row in measure(arguments):
                rows.append(row)
            content["complete"] = True
        finally:
            if rows:
                text = json.dumps(content | {"rows": rows}, ensure_ascii=False, indent=1)
                (arguments.output / f"{name}.json").write_text(text + "\n", encoding="utf-8")
                print(table(rows), flush=True)

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
