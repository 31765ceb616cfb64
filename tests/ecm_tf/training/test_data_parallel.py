"""Training on several processes of this machine gives what a single process gives."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from eager_runs import eager_execution
from training_runs import ONE_THREAD, assert_equal_runs, flags

from benchmarks.data_parallel import read_losses
from benchmarks.worker_processes import start_workers
from ecm_tf.train import main

pytestmark = [pytest.mark.xdist_group("data parallel"), pytest.mark.slow]


def command(dataset, train_dir, epochs):
    return ["ecm_tf.train", *flags(dataset, train_dir, epochs)]


def outputs(processes):
    return [process.communicate(timeout=300)[0] for process in processes]


def test_a_killed_worker_ends_the_run_which_can_be_resumed(dataset, tmp_path):
    """Ten pairs in two buckets: parts of different sizes, and workers without a row.

    `test_ray_workers.py` has workers that train to the end.
    """
    train_dir, alone = tmp_path / "model", tmp_path / "alone"
    processes = start_workers(3, command(dataset, train_dir, 100_000), ONE_THREAD)
    while not list(train_dir.glob("checkpoints/step-*4/manifest.json")):
        assert processes[0].poll() is None, outputs(processes)
        time.sleep(0.1)
    processes[2].send_signal(signal.SIGKILL)
    killed = time.monotonic()
    of_chief, of_other, of_killed = outputs(processes)
    assert time.monotonic() - killed < 60
    assert [process.returncode for process in processes[:2]] == [2, 2], of_chief
    assert "a worker has ended or cannot be reached; restart all workers" in of_chief
    assert "worker 3 of 3, training ECM" in of_killed
    assert "step 2 " in of_chief and "step 2 " not in of_other, "the chief logs"
    # It is resumed by a single process: a run may change the number of its workers.
    steps_per_epoch = 3
    epochs = max(read_losses(train_dir)) // steps_per_epoch + 1
    with eager_execution():
        for directory in (train_dir, alone):
            main([*map(str, flags(dataset, directory, epochs))])
    assert_equal_runs(train_dir, alone)


def test_a_wrong_description_of_the_workers_is_refused(dataset, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "ecm_tf.train", *map(str, flags(dataset, tmp_path / "model", 1))],
        env=os.environ | {"TF_CONFIG": '{"cluster": {"worker": []}, "task": {}}'},
        capture_output=True,
        check=False,
        cwd=Path(__file__).parents[3],
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.startswith('error: TF_CONFIG: expected {"cluster":')
    assert not (tmp_path / "model").exists()
