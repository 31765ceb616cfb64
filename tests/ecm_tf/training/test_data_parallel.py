"""Training on several processes of this machine gives what a single process gives."""

import csv
import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ecm_tf.core.manifest import read_manifest
from ecm_tf.model.directory import load_model
from ecm_tf.train import main

ROOT = Path(__file__).parents[3]
FLAGS = [
    *("--size", "8", "--embedding_size", "6", "--emotion_size", "5", "--imemory_size", "7"),
    *("--batch_size", "7", "--optimizer", "adam", "--learning_rate", "0.01", "--buckets", "5,5 9,9"),
    *("--use_emb", "--use_imemory", "--use_ememory", "--predict_emotion"),
    *("--steps_per_checkpoint", "2", "--ema_momentum", "0.5", "--max_gradient_norm", "0.5"),
]

pytestmark = [pytest.mark.xdist_group("data parallel"), pytest.mark.slow]


def addresses(count):
    """Returns free addresses of this machine."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    found = [f"127.0.0.1:{server.getsockname()[1]}" for server in sockets]
    for server in sockets:
        server.close()
    return found


def start(count, dataset, train_dir, epochs, environment):
    """Starts all workers of a run; returns their processes."""
    cluster = {"worker": addresses(count)}
    return [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "ecm_tf.train", "--dataset", dataset),
                *("--train_dir", train_dir, "--epochs", str(epochs), *FLAGS),
            ],
            cwd=ROOT,
            env=environment
            | {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": "worker", "index": i}})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for i in range(count)
    ]


def outputs(processes, timeout=300):
    return [process.communicate(timeout=timeout)[0] for process in processes]


@pytest.fixture(scope="module")
def environment():
    import os

    return os.environ | {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}


@pytest.fixture(scope="module")
def alone(dataset, tmp_path_factory):
    """A run of a single process."""
    train_dir = tmp_path_factory.mktemp("alone") / "model"
    main(["--dataset", str(dataset), "--train_dir", str(train_dir), "--epochs", "3", *FLAGS])
    return train_dir


def history(train_dir):
    with (train_dir / "history.csv").open(newline="") as file:
        return [
            {name: float(value or "nan") for name, value in row.items() if name != "seconds"}
            for row in csv.DictReader(file)
        ]


def assert_equal_runs(train_dir, expected):
    for row, other in zip(history(train_dir), history(expected), strict=True):
        assert row == pytest.approx(other, rel=1e-5, nan_ok=True)
    weights = [load_model(path)[0].get_weights() for path in (train_dir, expected)]
    for value, other in zip(*weights, strict=True):
        np.testing.assert_allclose(value, other, atol=1e-4)
    counts = [read_manifest(path, "model")["counts"] for path in (train_dir, expected)]
    assert counts[0]["step"] == counts[1]["step"]


@pytest.mark.parametrize("count", [2, 4])
def test_workers_train_as_a_single_process_does(alone, dataset, tmp_path, environment, count):
    """Ten pairs in batches of seven and two buckets: some workers get no rows of some batches."""
    processes = start(count, dataset, tmp_path / "model", 3, environment)
    printed = outputs(processes)
    assert [process.returncode for process in processes] == [0] * count, printed
    assert f"worker {count} of {count}, training ECM" in printed[-1]
    assert "dev perplexity" in printed[0] and "epoch 1.00" not in printed[-1], "the chief logs"
    assert_equal_runs(tmp_path / "model", alone)


def test_a_killed_worker_ends_the_run_which_can_be_resumed(alone, dataset, tmp_path, environment):
    train_dir = tmp_path / "model"
    processes = start(2, dataset, train_dir, 100_000, environment)
    while not list(train_dir.glob("checkpoints/step-*/manifest.json")):
        assert processes[0].poll() is None, outputs(processes)
        time.sleep(0.2)
    processes[1].send_signal(signal.SIGKILL)
    killed = time.monotonic()
    printed, _ = outputs(processes)
    assert time.monotonic() - killed < 60
    assert processes[0].returncode == 2, printed
    assert "expected all workers until the end, but one has ended" in printed
    newest = max(history(train_dir), key=lambda row: row["step"])["step"]
    epochs = -(-int(newest) // 3) + 1
    processes = start(2, dataset, train_dir, epochs, environment)
    printed = outputs(processes)
    assert [process.returncode for process in processes] == [0, 0], printed
    assert "resuming from the checkpoint" in printed[0]
    single = tmp_path / "single"
    main(["--dataset", str(dataset), "--train_dir", str(single), "--epochs", str(epochs), *FLAGS])
    assert_equal_runs(train_dir, single)


def test_a_wrong_description_of_the_workers_is_refused(dataset, tmp_path, environment):
    done = subprocess.run(
        [
            *(sys.executable, "-m", "ecm_tf.train", "--dataset", dataset),
            *("--train_dir", tmp_path / "model", *FLAGS),
        ],
        cwd=ROOT,
        env=environment | {"TF_CONFIG": '{"cluster": {"worker": []}, "task": {}}'},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.startswith('error: TF_CONFIG: expected {"cluster":')
    assert not (tmp_path / "model").exists()
