"""Every benchmark runs with small sizes and writes its results. The results are not tested."""

import asyncio
import contextlib
import importlib
import json
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import command_server
import fake_classifier
import pytest
from eager_runs import eager_execution

from benchmarks import data_preparation_scaling, models, report, scaling, training_step
from benchmarks.data_prep_memory import Usage
from ecm_tf.core.errors import InputError
from ecm_tf.text.vocabulary import PAD

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
    assert content["quick"] and content["complete"] and content["machine"]["cores"]
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


def test_rows_before_a_failure_are_written(tmp_path, capsys):
    def measure(arguments):
        yield {"what": "first", "seconds": 1.0}
        raise InputError("the second measurement failed.")

    with pytest.raises(SystemExit) as ended:
        report.run("some", "About.", measure, argv=["--output", str(tmp_path)])
    assert ended.value.code == 2
    content = json.loads((tmp_path / "some.json").read_text(encoding="utf-8"))
    assert content["rows"] == [{"what": "first", "seconds": 1.0}]
    assert not content["complete"]
    assert "first" in capsys.readouterr().out


def test_a_failure_before_the_first_row_keeps_earlier_results(tmp_path):
    def measure(arguments):
        raise InputError("no model.")

    (tmp_path / "some.json").write_text("earlier")
    with pytest.raises(SystemExit):
        report.run("some", "About.", measure, argv=["--output", str(tmp_path)])
    assert (tmp_path / "some.json").read_text() == "earlier"


def test_an_output_that_cannot_be_written_is_refused_before_measuring(tmp_path, capsys):
    (tmp_path / "file").touch()
    measured = []
    with pytest.raises(SystemExit):
        report.run("some", "About.", measured.append, argv=["--output", str(tmp_path / "file")])
    assert measured == []
    assert "file: expected a directory, got a file" in capsys.readouterr().err


def test_the_processor_is_named_as_far_as_linux_knows_it(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "CPUINFO", tmp_path / "cpuinfo")
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    for lines, expected in (
        ("processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n", "Some CPU @ 2 GHz"),
        ("processor\t: 0\nCPU implementer\t: 0x41\n", "aarch64"),
    ):
        report.CPUINFO.write_text(lines)
        assert report.machine()["cpu"] == expected


def test_random_lengths_are_from_1_to_the_maximum():
    batch = models.real_batch(models.Sizes(vocabulary=50, batch=300, length=3))
    for side in ("post", "response"):
        lengths = (batch[side].numpy() != PAD).sum(axis=1)
        assert all((lengths == length).sum() > 50 for length in (1, 2, 3))


def test_a_dataset_without_batches_of_the_size_is_refused_before_measuring(dataset, monkeypatch):
    monkeypatch.setattr(training_step, "measure", lambda *_, **__: pytest.fail("was measured"))
    monkeypatch.setattr(training_step, "QUICK", models.Sizes(50, size=4, batch=11, length=6))
    rows = training_step.rows(SimpleNamespace(quick=True, dataset=dataset, jit_compile=False))
    with pytest.raises(InputError, match="expected a batch of 11 pairs, got smaller ones"):
        next(rows)


def test_every_reply_under_load_is_compared_with_that_to_a_single_request(monkeypatch):
    """The single requests together take longer than a load may; the last entry is not sent."""
    pytest.importorskip("aiohttp", reason="the extra `serve` is not installed")
    from benchmarks import serving

    asked, clock = [], [0.0]

    async def ask(*entry):
        if entry not in asked:
            clock[0] += 400.0
        asked.append(entry)
        return "".join(entry)

    @contextlib.asynccontextmanager
    async def over_grpc(port):
        yield ask

    monkeypatch.setattr(serving, "serving", lambda base: contextlib.nullcontext((None, 1, 2)))
    monkeypatch.setattr(serving, "over_grpc", over_grpc)
    monkeypatch.setattr(serving, "time", SimpleNamespace(perf_counter=lambda: clock[0]))
    monkeypatch.setattr(serving, "MANY", 4)
    monkeypatch.setattr(serving, "BAD", {})
    entries = [(post, "like") for post in "abcde"]
    summary, *_ = asyncio.run(serving.many_and_bad(Path(), entries))
    assert asked == entries[:4] * 2
    assert (summary["requests"], summary["lost"], summary["wrong"]) == (4, 0, 0)


@pytest.mark.parametrize("script", ["data_prep_memory", "tflite_full_integer"])
def test_scripts_report_errors_in_one_sentence(script, tmp_path, monkeypatch, capsys):
    flags = {
        "data_prep_memory": ["--pairs", "1"],
        "tflite_full_integer": ["--train_dir", "none", "--dataset", "none"],
    }

    def fail(*_, **__):
        raise InputError("none: no such directory; expected something.")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("psutil.Popen", fail)
    monkeypatch.setattr("sys.argv", [script, *flags[script]])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(ROOT / "benchmarks" / f"{script}.py"), run_name="__main__")
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("error: none: no such directory; expected ")


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
