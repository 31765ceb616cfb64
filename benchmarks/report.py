"""What every benchmark prints and writes."""

import argparse
import json
import os
import platform
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ecm_tf.core import command
from ecm_tf.report.tables import markdown_table

Row = dict[str, Any]


def machine() -> dict[str, Any]:
    """What a figure depends on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    packages = {name: version(name) for name in ("tensorflow", "keras", "numpy")}
    return {"cpu": model, "cores": os.cpu_count(), "python": platform.python_version(), **packages}


def run(
    name: str,
    about: str | None,
    measure: Callable[[argparse.Namespace], Sequence[Row]],
    flags: Callable[[argparse.ArgumentParser], Any] | None = None,
):
    """A benchmark as a command: flags, a table on the terminal, `OUTPUT/NAME.json`.

    Args:
        name: the file's.
        about: the module's docstring.
        measure: gives rows; those with a `target` are compared with it in `met`, a bool.
        flags: adds further flags to a parser.
    """

    def main() -> None:
        parser = argparse.ArgumentParser(
            prog=f"python -m benchmarks.{name}",
            description=(about or "").split("\n\n")[0],
        )
        parser.add_argument("--output", type=Path, default=Path("build/bench"))
        parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
        if flags:
            flags(parser)
        arguments = parser.parse_args()
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
