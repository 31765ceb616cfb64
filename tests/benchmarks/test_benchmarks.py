"""Every benchmark runs with small sizes and writes its results. The results are not tested."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import fake_classifier
import pytest

from benchmarks import scaling

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


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_a_benchmark_writes_its_results(name, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    main = importlib.import_module(f"benchmarks.{name}").main
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


@pytest.mark.slow
@pytest.mark.xdist_group("ray_data")
def test_data_preparation_gives_the_same_bytes_on_ray(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    classifier = fake_classifier.make(tmp_path)
    main = importlib.import_module("benchmarks.data_preparation_scaling").main
    main(["--quick", "--output", str(tmp_path / "bench"), "--classifier", str(classifier)])
    path = tmp_path / "bench" / "data_preparation_scaling.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    assert [row["met"] for row in rows if "target" in row] == [True, True]
    assert all(row["largest process, MiB"] > 50 for row in rows if "largest process, MiB" in row)
    modelled = [row["seconds"] for row in rows if row["what"].startswith("model: build")]
    assert modelled == sorted(modelled, reverse=True)


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
