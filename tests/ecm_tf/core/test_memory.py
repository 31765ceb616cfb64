import subprocess
import sys
from pathlib import Path

import pytest

from ecm_tf.core import memory


def _in_bounds(peak):
    return 5e6 < peak < 5e8


def test_peak_follows_an_allocation():
    code = (
        "from ecm_tf.core.memory import peak_memory_bytes as peak\n"
        "before = peak(); block = b'x' * 100_000_000; print(before, peak())"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    before, after = map(int, output.split())
    assert _in_bounds(before)
    assert 9e7 < after - before < 1.5e8
    assert memory.peak_memory_of_children_bytes() > after - 5e6


@pytest.mark.parametrize(("platform", "unit"), [("linux", 1024), ("darwin", 1)])
def test_systems_without_proc(platform, unit, monkeypatch):
    monkeypatch.setattr(memory, "_STATUS", Path("/nonexistent"))
    monkeypatch.setattr(sys, "platform", platform)
    assert memory.peak_memory_bytes() % unit == 0
    assert memory.peak_memory_bytes() > 5e6 * unit / 1024
