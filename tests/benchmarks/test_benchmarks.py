"""Every benchmark runs with small sizes and writes its results. The results are not tested."""

import contextlib
import importlib
import json
import subprocess
import sys
from pathlib import Path

import command_server
import fake_classifier
import pytest
from eager_runs import eager_execution

from benchmarks import data_preparation_scaling, scaling
from benchmarks.data_prep_memory import Usage

ROOT = Path(__file__).parents[2]
COMMANDS = [
    "training_step",
    "decoding",
    "growth",
    "training_memory",
    "start",
    "exported",
    "exported_memory",
    "data_preparation",
]


EAGER = ("training_step", "decoding", "growth")
"""Benchmarks that run in the process of the test and export nothing."""


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_a_benchmark_writes_its_results(name, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    main = importlib.import_module(f"benchmarks.{name}").main
    with eager_execution() if name in EAGER else contextlib.nullcontext():
        main(["--quick", "--output", str(tmp_path)])
    content = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
    assert content["quick"] and content["machine"]["cores"]
    assert content["rows"]
    for row in content["rows"]:
        assert ("target" in row) == ("met" in row)


def test_replies_are_timed_for_a_trained_model(model_dir, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    classifier = fake_classifier.make(tmp_path)
    main = importlib.import_module("benchmarks.replies").main
    flags = ["--train_dir", str(model_dir), "--rerank", str(classifier), "--post", "你好"]
    main(["--quick", "--output", str(tmp_path / "bench"), *flags])
    rows = json.loads((tmp_path / "bench" / "replies.json").read_text(encoding="utf-8"))["rows"]
    assert [row["what"] for row in rows] == [
        "load the model",
        "one greedy reply, first call",
        "one greedy reply",
        "6 reranked replies, first call",
        "6 reranked replies",
    ]
    assert all(row["met"] == (row["ms"] < row["target"]) for row in rows if "target" in row)


def test_data_preparation_is_compared_and_predicted(tmp_path, monkeypatch):
    """The commands run in this process without Ray; `test_ray_data.py` runs them on Ray."""
    ran = []

    def run(arguments):
        ran.append(arguments[3:])
        module, *flags = arguments[2:]
        without_ray = [flag for flag in flags if flag not in ("--ray_address", "local")]
        assert command_server.run_module(module, without_ray)[0] == 0
        return Usage(alone=1, largest=2**20, together=1, seconds=2.0)

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(data_preparation_scaling, "peak_memory", run)
    classifier = fake_classifier.make(tmp_path)
    flags = ["--quick", "--output", str(tmp_path / "bench"), "--classifier", str(classifier)]
    data_preparation_scaling.main(flags)
    assert [arguments[0] for arguments in ran] == ["build", "build", "label", "label"]
    assert ["--ray_address" in arguments for arguments in ran] == [False, True, False, True]
    path = tmp_path / "bench" / "data_preparation_scaling.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    assert [row["met"] for row in rows if "target" in row] == [True, True]
    assert rows[0]["pairs/s"] == 300 and rows[0]["largest process, MiB"] == 1
    modelled = [row["seconds"] for row in rows if row["what"].startswith("model: build")]
    assert modelled == sorted(modelled, reverse=True)


def test_other_bytes_are_noticed(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    for directory in (one, other):
        directory.mkdir()
        (directory / "records").write_bytes(b"1")
    assert data_preparation_scaling.same_content(one, other)
    (other / "records").write_bytes(b"2")
    assert not data_preparation_scaling.same_content(one, other)
    (other / "records").unlink()
    assert not data_preparation_scaling.same_content(one, other)


def test_a_benchmark_is_a_command():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.training_step", "--help"],
        capture_output=True,
        cwd=ROOT,
        check=False,
        text=True,
    )
    assert (done.returncode, "--dataset" in done.stdout) == (0, True), done.stderr


def test_make_bench_runs_every_benchmark():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (line,) = [line for line in makefile.splitlines() if "for benchmark in" in line]
    assert line.split(" in ")[1].split(";")[0].split() == COMMANDS


def test_the_cost_model_of_training_on_several_machines():
    """A second of computing, 1.25 GB to reduce and 12.5 MB of slices, over 10 Gbit/s."""
    measured = {"step without sums": 1.0, "dense": 1.25e9, "sparse": 12.5e6, "pairs": 128}
    eight, *others = scaling.predicted([measured])
    assert len(others) == 5
    step = 1 + 2 * 7 / 8 + 7 * 0.01 + 2 * 7 * scaling.LATENCY
    assert eight["step, ms"] == pytest.approx(1000 * step)
    assert eight["efficiency"] == pytest.approx(1 / step)
    assert eight["pairs a second"] == pytest.approx(8 * 64 / step)
