"""Agreement of training on several processes with training in one: losses and weights.

All runs have the same seed and the same batches in float32; the processes are on this machine.
"""

import argparse
import csv
import json
import math
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.report import Row, run
from ecm_tf.core.errors import InputError
from ecm_tf.model.directory import load_model

LOSS_TARGET, WEIGHT_TARGET = 1e-5, 1e-4
_COUNTS = (2, 4)
_INTERVAL = 10


def start_workers(
    count: int, flags: Sequence[object], environment: Mapping[str, str] | None = None
) -> list[subprocess.Popen[str]]:
    """Starts the workers of a training run on this machine.

    Args:
        count: number of processes, at least 1.
        flags: arguments of `ecm_tf.train`.
        environment: of the processes; None for that of this one.

    Returns:
        The processes, the chief first; their output is a pipe.
    """
    servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    addresses = [f"127.0.0.1:{server.getsockname()[1]}" for server in servers]
    for server in servers:
        server.close()
    processes = []
    for index in range(count):
        task = {"type": "worker", "index": index}
        config = json.dumps({"cluster": {"worker": addresses}, "task": task})
        processes.append(
            subprocess.Popen(
                [sys.executable, "-m", "ecm_tf.train", *map(str, flags)],
                env={**(environment or os.environ), "TF_CONFIG": config},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    return processes


def read_losses(train_dir: Path) -> dict[int, tuple[float, float]]:
    """Returns the training loss and the dev perplexity of a run by step; NaN before training."""
    with (train_dir / "history.csv").open(newline="", encoding="utf-8") as file:
        return {
            int(row["step"]): (float(row["train_loss"] or "nan"), float(row["dev_perplexity"]))
            for row in csv.DictReader(file)
        }


def difference(
    run: Mapping[int, tuple[float, float]], expected: Mapping[int, tuple[float, float]]
) -> float:
    """Returns the largest relative difference of the figures of two runs."""
    return max(
        abs(value / other - 1)
        for step in expected
        for value, other in zip(run[step], expected[step], strict=True)
        if not math.isnan(other)
    )


def _flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dataset", type=Path, required=True, help="dataset directory")
    parser.add_argument(
        "--epochs", type=int, default=3, help="epochs to train (default: %(default)s)"
    )


def rows(arguments: argparse.Namespace) -> Iterator[Row]:
    """Yields the rows of the table."""
    sizes = ["--size", 8, "--embedding_size", 8] if arguments.quick else ["--size", 128]
    flags = ["--dataset", arguments.dataset, *sizes, "--epochs", arguments.epochs]
    flags += ["--use_emb", "--use_imemory", "--use_ememory", "--batch_size", 64]
    flags += ["--optimizer", "adam", "--learning_rate", 0.002, "--steps_per_checkpoint", _INTERVAL]
    with tempfile.TemporaryDirectory() as temporary:
        directories = {count: Path(temporary) / str(count) for count in (1, *_COUNTS)}
        for count, directory in directories.items():
            start = time.monotonic()
            processes = start_workers(count, [*flags, "--train_dir", directory])
            printed = [process.communicate()[0] for process in processes]
            if any(process.returncode for process in processes):
                raise InputError(f"{count} workers: training failed; {printed[0][-500:]}")
            losses, expected = (read_losses(path) for path in (directory, directories[1]))
            weights = [load_model(path)[0].get_weights() for path in (directory, directories[1])]
            loss = difference(losses, expected)
            weight = max(float(np.abs(a - b).max()) for a, b in zip(*weights, strict=True))
            yield {
                "workers": count,
                "steps": max(losses),
                "seconds": time.monotonic() - start,
                "losses, relative difference": loss,
                "weights, difference": weight,
                "target": f"{LOSS_TARGET}, {WEIGHT_TARGET}",
                "met": loss < LOSS_TARGET and weight < WEIGHT_TARGET,
            }


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the command; see `--help`."""
    run("data_parallel", __doc__, rows, _flags, argv)


if __name__ == "__main__":
    main()
