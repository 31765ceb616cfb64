"""Executors without Ray: order, progress, and files that are written completely or not at all."""

import subprocess
import sys
from pathlib import Path

import pytest

from data_prep.execution.executor import SingleMachine, executor
from data_prep.execution.whole_files import whole_file
from ecm_tf.core.errors import InputError


def test_results_are_in_the_order_of_the_shards():
    made: list[int] = []
    advanced: list[int] = []

    def make():
        made.append(1)

        def double(shard, advance):
            advance(shard)
            return 2 * shard

        return double

    assert list(SingleMachine().map(make, [3, 1, 2], advanced.append)) == [6, 2, 4]
    assert (made, advanced) == ([1], [3, 1, 2])


def test_without_an_address_ray_is_not_imported():
    code = (
        "import sys; from data_prep.__main__ import parser; parser()\n"
        "from data_prep.execution.executor import executor\n"
        "with executor(None, 3) as chosen: assert chosen.workers == 3\n"
        "sys.exit('ray' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_ray_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "data_prep.execution.ray_data", raising=False)
    with (
        pytest.raises(InputError, match="install this project's `train-ray` extra"),
        executor("auto"),
    ):
        pass


@pytest.mark.parametrize("address", ["auto", "10.0.0.1:6379"])
def test_a_cluster_takes_no_number_of_workers(address):
    message = f"--workers: expected no number with --ray_address {address}, .* got 2"
    with pytest.raises(InputError, match=message), executor(address, 2):
        pass


def test_a_file_appears_only_when_it_is_complete(tmp_path: Path):
    path, elsewhere = tmp_path / "file", tmp_path / "elsewhere"
    elsewhere.mkdir()
    with pytest.raises(KeyboardInterrupt), whole_file(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert sorted(tmp_path.iterdir()) == [elsewhere]
    with whole_file(path, elsewhere) as first, whole_file(path, elsewhere) as second:
        assert first.parent == elsewhere != second
        first.write_text("whole")
        second.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert list(elsewhere.iterdir()) == []
