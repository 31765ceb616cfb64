"""Training on several processes of this machine gives what a single process gives."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from eager_runs import eager_execution

from benchmarks.data_parallel import difference, read_losses, start_workers
from ecm_tf.core.manifest import read_manifest
from ecm_tf.model.directory import load_model
from ecm_tf.train import main

FLAGS = [
    *("--size", 8, "--embedding_size", 6, "--emotion_size", 5, "--imemory_size", 7),
    *("--num_layers", 1, "--batch_size", 7, "--optimizer", "adam", "--learning_rate", 0.01),
    *("--buckets", "5,5 9,9", "--use_emb", "--use_imemory", "--use_ememory"),
    *("--steps_per_checkpoint", 2, "--ema_momentum", 0.5, "--max_gradient_norm", 0.5),
]
"""Clipping, averages, embeddings of words and emotions; two buckets, whose batches are small."""
ENVIRONMENT = os.environ | {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}

pytestmark = [pytest.mark.xdist_group("data parallel"), pytest.mark.slow]


@pytest.fixture(scope="module")
def train_alone(dataset, tmp_path_factory):
    """`train_alone(epochs)`: the directory of a run of a single process."""

    def train(epochs):
        train_dir = tmp_path_factory.mktemp("alone") / "model"
        with eager_execution():
            main([*map(str, flags(dataset, train_dir, epochs))])
        return train_dir

    return train


def flags(dataset, train_dir, epochs):
    return ["--dataset", dataset, "--train_dir", train_dir, "--epochs", epochs, *FLAGS]


def outputs(processes):
    return [process.communicate(timeout=300)[0] for process in processes]


def assert_equal_runs(train_dir, expected):
    assert read_losses(train_dir).keys() == read_losses(expected).keys()
    assert difference(read_losses(train_dir), read_losses(expected)) < 1e-5
    weights = [load_model(path)[0].get_weights() for path in (train_dir, expected)]
    for value, other in zip(*weights, strict=True):
        np.testing.assert_allclose(value, other, atol=1e-4)
    counts = [read_manifest(path, "model")["counts"] for path in (train_dir, expected)]
    assert counts[0]["step"] == counts[1]["step"]


def test_workers_train_as_a_single_process_does(train_alone, dataset, tmp_path):
    """Ten pairs in two buckets: parts of different sizes, and workers without a row."""
    processes = start_workers(3, flags(dataset, tmp_path / "model", 3), ENVIRONMENT)
    printed = outputs(processes)
    assert [process.returncode for process in processes] == [0, 0, 0], printed
    assert "worker 3 of 3, training ECM" in printed[2]
    assert "step 1 " not in printed[2] and "step 2 " in printed[0], "the chief logs"
    assert_equal_runs(tmp_path / "model", train_alone(3))


def test_a_killed_worker_ends_the_run_which_can_be_resumed(train_alone, dataset, tmp_path):
    train_dir = tmp_path / "model"
    processes = start_workers(2, flags(dataset, train_dir, 100_000), ENVIRONMENT)
    while not list(train_dir.glob("checkpoints/step-*4/manifest.json")):
        assert processes[0].poll() is None, outputs(processes)
        time.sleep(0.1)
    processes[1].send_signal(signal.SIGKILL)
    killed = time.monotonic()
    printed, _ = outputs(processes)
    assert time.monotonic() - killed < 60
    assert processes[0].returncode == 2, printed
    assert "expected all workers until the end, but one has ended" in printed
    # It is resumed by a single process: a run may change the number of its workers.
    steps_per_epoch = 3
    epochs = max(read_losses(train_dir)) // steps_per_epoch + 1
    with eager_execution():
        main([*map(str, flags(dataset, train_dir, epochs))])
    assert_equal_runs(train_dir, train_alone(epochs))


def test_a_wrong_description_of_the_workers_is_refused(dataset, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "ecm_tf.train", *map(str, flags(dataset, tmp_path / "model", 1))],
        env=ENVIRONMENT | {"TF_CONFIG": '{"cluster": {"worker": []}, "task": {}}'},
        capture_output=True,
        check=False,
        cwd=Path(__file__).parents[3],
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.startswith('error: TF_CONFIG: expected {"cluster":')
    assert not (tmp_path / "model").exists()
