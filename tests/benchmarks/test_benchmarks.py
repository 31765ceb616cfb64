"""Every benchmark runs, and leaves what it says. What it measures is not tested."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMANDS = [
    "training_step",
    "decoding",
    "growth",
    "training_memory",
    "start",
    "exported",
    "data_preparation",
]


@pytest.mark.parametrize("name", COMMANDS)
def test_it_runs(name, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", "--quick", "--output", str(tmp_path)],
        capture_output=True,
        cwd=ROOT,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    content = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
    assert content["quick"] and content["machine"]["cores"]
    assert content["rows"]
    for row in content["rows"]:
        assert ("target" in row) == ("met" in row)


def test_make_bench_runs_them_all():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (line,) = [line for line in makefile.splitlines() if "for benchmark in" in line]
    assert line.split(" in ")[1].split(";")[0].split() == COMMANDS
