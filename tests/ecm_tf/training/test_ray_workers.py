"""Training on workers that Ray Train starts."""

import json
import os
import queue
import subprocess
import sys
import time

import psutil
import pytest
from eager_runs import eager_execution
from training_runs import ONE_THREAD, assert_equal_runs, flags

from ecm_tf.config import ClusterConfig
from ecm_tf.core.errors import InputError
from ecm_tf.train import main
from ecm_tf.training.workers import LostWorkerError

ray = pytest.importorskip("ray", reason="the extra `train-ray` is not installed")
pytest.importorskip("ray.train", reason="the extra `train-ray` is not installed")

from ray.train import ControllerError  # noqa: E402
from ray.train.v2._internal.exceptions import UserExceptionWithTraceback  # noqa: E402

from ecm_tf.training import ray_workers  # noqa: E402

pytestmark = [pytest.mark.xdist_group("ray"), pytest.mark.slow]


def start(arguments, log):
    command = [sys.executable, "-m", "ecm_tf.train", *map(str, arguments), "--workers", "2"]
    with log.open("w") as file:
        return subprocess.Popen(
            command, stdout=file, stderr=subprocess.STDOUT, env=os.environ | ONE_THREAD
        )


def workers_of(process):
    """Returns the processes of Ray Train in which training runs."""
    children = psutil.Process(process.pid).children(recursive=True)
    return [child for child in children if "RayTrainWorker" in " ".join(child.cmdline())]


def test_a_run_continues_after_a_worker_was_killed(dataset, tmp_path):
    train_dir, log = tmp_path / "ray" / "model", tmp_path / "log"
    process = start(flags(dataset, train_dir, epochs=4), log)
    while not list(train_dir.glob("checkpoints/step-*4/manifest.json")):
        assert process.poll() is None, log.read_text()
        time.sleep(0.05)
    workers_of(process)[-1].kill()
    assert process.wait(timeout=300) == 0, log.read_text()
    printed = log.read_text()
    assert printed.count("worker 2 of 2, training ECM") == 2, printed
    assert "has ended: " in printed and "resuming from the checkpoint of step" in printed
    assert [path.name for path in train_dir.parent.iterdir()] == ["model"], "Ray has left files"
    with eager_execution():
        main([*map(str, flags(dataset, tmp_path / "alone", epochs=4))])
    assert_equal_runs(train_dir, tmp_path / "alone")


@pytest.mark.parametrize("flag", ["--dataset", "--pretrain_dir", "--word_vectors"])
def test_bad_input_is_reported_before_ray_starts(dataset, tmp_path, flag):
    missing = [flag, tmp_path / "nothing", "--workers", "2"]
    with pytest.raises(InputError, match=f"^{tmp_path}/nothing: "):
        main([*map(str, [*flags(dataset, tmp_path / "model", 1), *missing])])
    assert not ray.is_initialized()
    assert not (tmp_path / "model").exists()


def test_bad_input_in_a_worker_ends_the_run_without_another_attempt():
    lost, bad = LostWorkerError("another has ended"), InputError("pairs.tfrecord: expected 6")
    raised = {1: UserExceptionWithTraceback(lost, "")}
    log = queue.Queue()
    failures = ray_workers._Failures(log)
    failures.after_exception(None, raised)
    assert log.get().getMessage() == "worker 2 has ended: LostWorkerError"
    with pytest.raises(InputError) as caught:
        failures.after_exception(None, {**raised, 0: UserExceptionWithTraceback(bad, "")})
    assert caught.value is bad
    assert ray_workers._explain(ControllerError(bad), ClusterConfig(workers=2)) is bad


def test_workers_are_described_once(dataset, tmp_path, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": {"worker": ["a:1", "b:2"]}}))
    with pytest.raises(InputError, match=r"expected --workers, or workers that .* got both"):
        main([*map(str, flags(dataset, tmp_path / "model", 1)), "--workers", "2"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--ray_address", "127.0.0.1:1"],
            r"expected local, auto or HOST:PORT of a cluster, got 127",
        ),
        (["--use_gpu"], r"--use_gpu: expected a GPU for each of 2 workers, got 0"),
    ],
)
def test_a_cluster_that_does_not_fit_is_refused(dataset, tmp_path, arguments, message):
    with pytest.raises(InputError, match=message):
        main([*map(str, flags(dataset, tmp_path / "model", 1)), "--workers", "2", *arguments])
