"""Training on several workers that Ray Train starts, and starts again if one of them ends."""

import contextlib
import logging
import logging.handlers
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError
from ray.train import (
    ControllerError,
    FailureConfig,
    RunConfig,
    ScalingConfig,
    TrainingFailedError,
    UserCallback,
    WorkerGroupError,
)
from ray.train.tensorflow import TensorflowTrainer
from ray.util.queue import Queue

from ecm_tf.config import ClusterConfig
from ecm_tf.core import ray_cluster
from ecm_tf.core.cpus import INTER_OP_THREADS, INTRA_OP_THREADS, available_cpus
from ecm_tf.core.errors import InputError
from ecm_tf.core.imports import importing_tensorflow
from ecm_tf.core.logging import LOGGER
from ecm_tf.training.history import HistoryRow
from ecm_tf.training.workers import LostWorkerError


def train_on_ray(
    cluster: ClusterConfig,
    train_dir: Path,
    *,
    load_step: int | None = None,
    verify_dataset: bool = True,
    **inputs: Any,
) -> tuple[HistoryRow, HistoryRow]:
    """Trains a model on several workers, or resumes an interrupted run.

    Args:
        cluster: the workers; all machines of a Ray cluster must have the files of the run under
            the same paths, and this package installed.
        train_dir, load_step, verify_dataset, **inputs: the arguments of
            `ecm_tf.training.run.train`.

    Returns:
        What `ecm_tf.training.run.train` returns.

    Raises:
        InputError: an argument is invalid, or the workers ended more than `max_failures` times.
    """
    with importing_tensorflow():
        from ecm_tf.training.checkpoints import Checkpoints
        from ecm_tf.training.lock import exclusive
        from ecm_tf.training.run import checked_run
    # Ray takes long to start, and each worker would find the same fault.
    checked_run(train_dir=train_dir, verify_dataset=False, **inputs)
    workers = cluster.workers or 1
    local = cluster.ray_address == ray_cluster.LOCAL
    cpus = cluster.cpus_per_worker or (max(1, available_cpus() // workers) if local else 1)
    ray_cluster.connect(cluster.ray_address, cpus=workers * cpus)
    ray_cluster.require_cpus(workers * cpus, "--workers x --cpus_per_worker")
    arguments = {
        "train_dir": train_dir,
        "verify_dataset": verify_dataset,
        **inputs,
    }
    # Ray changes the working directory of the workers.
    arguments = {
        name: value.absolute() if isinstance(value, Path) else value
        for name, value in arguments.items()
    }
    try:
        _check_gpus(cluster)
        if load_step is not None:
            # Once: workers that start again after a failure resume from the newest checkpoint.
            with exclusive(train_dir):
                Checkpoints(train_dir).rewind(load_step)
        with _directory_beside(train_dir) as storage, _log_of_workers() as log:
            trainer = TensorflowTrainer(
                _train,
                train_loop_config={"arguments": arguments, "log": log},
                scaling_config=ScalingConfig(
                    num_workers=workers,
                    use_gpu=cluster.use_gpu,
                    resources_per_worker={"CPU": cpus},
                ),
                run_config=RunConfig(
                    name="run",
                    storage_path=storage,
                    failure_config=FailureConfig(
                        max_failures=cluster.max_failures,
                        controller_failure_limit=cluster.max_failures,
                    ),
                    callbacks=[_Failures(log)],
                    worker_runtime_env={"env_vars": _environment(cpus)},
                ),
            )
            return trainer.fit().return_value
    except TrainingFailedError as error:
        raise _explain(error, cluster) from error
    finally:
        ray.shutdown()


@contextlib.contextmanager
def _directory_beside(train_dir: Path) -> Iterator[str]:
    """Makes a temporary directory for Ray Train, where all machines find it, as they do train_dir.

    It holds no checkpoint: those of the run are in its train_dir.
    """
    parent = train_dir.absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{train_dir.name}-ray-", dir=parent) as directory:
        yield directory


@contextlib.contextmanager
def _log_of_workers() -> Iterator[Queue]:
    """Passes on what the workers log to the queue to the handlers of this process."""
    queue = Queue(actor_options={"num_cpus": 0})
    listener = logging.handlers.QueueListener(queue, *logging.getLogger(LOGGER).handlers)
    listener.start()
    try:
        yield queue
    finally:
        listener.stop()


def _train(run: dict[str, Any]) -> tuple[HistoryRow, HistoryRow]:
    """Trains in a process that Ray has started, and whose TF_CONFIG it has set.

    Args:
        run: `arguments` of `ecm_tf.training.run.train`, and `log`, a queue for its messages.
    """
    # Ray asks TensorFlow for the old Keras, which is not installed.
    os.environ.pop("TF_USE_LEGACY_KERAS", None)
    logger = logging.getLogger(LOGGER)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(logging.handlers.QueueHandler(run["log"]))
    with importing_tensorflow():
        from ecm_tf.training.run import train

    return train(**run["arguments"])


def _environment(cpus: int) -> dict[str, str]:
    """Returns the environment variables of a worker."""
    return {
        INTRA_OP_THREADS: str(cpus),
        INTER_OP_THREADS: str(cpus),
        "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3"),
    }


def _check_gpus(cluster: ClusterConfig) -> None:
    available = ray.cluster_resources().get("GPU", 0)
    if cluster.use_gpu and available < (cluster.workers or 1):
        raise InputError(
            f"--use_gpu: expected a GPU for each of {cluster.workers} workers, got {available:g}."
        )


class _Failures(UserCallback):
    """Logs why workers have ended, and ends the run without another attempt after bad input.

    It runs in a process of Ray Train.

    Args:
        log: passes messages to the process that has started the run.
    """

    def __init__(self, log: Queue) -> None:
        self._log = log

    def after_exception(self, run_context: Any, worker_exceptions: dict[int, Exception]) -> None:
        """Raises the error of bad input if there is one."""
        causes = {index: _cause(error) for index, error in worker_exceptions.items()}
        for index, cause in causes.items():
            if isinstance(cause, InputError) and not isinstance(cause, LostWorkerError):
                raise cause
            message = f"worker {index + 1} has ended: {type(cause).__name__}"
            self._log.put(logging.makeLogRecord({"name": LOGGER, "msg": message}))


def _cause(error: Exception) -> BaseException:
    """Returns what a worker has raised; Ray has no public name for it."""
    return getattr(error, "_base_exc", error)


def _explain(error: TrainingFailedError, cluster: ClusterConfig) -> BaseException:
    """Returns the exception to raise when a run has failed."""
    if isinstance(error, WorkerGroupError):
        causes = [_cause(failure) for failure in error.worker_failures.values()]
        if all(isinstance(cause, RayError | LostWorkerError) for cause in causes):
            return InputError(
                f"workers failed more than {cluster.max_failures} times (--max_failures); run the "
                "command again to resume from the last checkpoint."
            )
        return next(cause for cause in causes if not isinstance(cause, RayError | LostWorkerError))
    assert isinstance(error, ControllerError)
    failure = error.controller_failure
    if isinstance(failure, InputError):
        return failure
    return InputError(
        f"--workers {cluster.workers}: Ray Train could not start or monitor the workers; "
        f"{' '.join(str(failure).split())}"
    )
