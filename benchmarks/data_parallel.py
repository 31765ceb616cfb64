"""Agreement of training on several processes with training in one: losses and weights.

All runs have the same seed and the same batches in float32; the processes are on this machine.
"""

import argparse
import csv
import math
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.report import Row, run
from benchmarks.worker_processes import finish_workers, start_workers
from ecm_tf.model.directory import load_model

LOSS_TARGET, WEIGHT_TARGET = 1e-5, 1e-4
LEARNING_RATES = {"adam": 0.002, "sgd": 0.1}
"""By optimizer. With SGD and 0.5, the loss jumps, and rounding errors grow with its jumps."""
_COUNTS = (2, 4)
_INTERVAL = 10


def read_losses(train_dir: Path) -> dict[int, tuple[float, float]]:
    """Returns the training loss and the dev perplexity of a run by step; NaN before training."""
    with (train_dir / "history.csv").open(newline="", encoding="utf-8") as file:
        return {
            int(row["step"]): (float(row["train_loss"]), float(row["dev_perplexity"]))
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
    parser.add_argument(
        "--optimizer", choices=sorted(LEARNING_RATES), default="adam", help="default: %(default)s"
    )


def rows(arguments: argparse.Namespace) -> Iterator[Row]:
    """Yields the rows of the table."""
    sizes = ["--size", 8, "--embedding_size", 8] if arguments.quick else ["--size", 128]
    flags = ["--dataset", arguments.dataset, *sizes, "--epochs", arguments.epochs]
    flags += ["--use_emb", "--use_imemory", "--use_ememory", "--batch_size", 64]
    flags += ["--optimizer", arguments.optimizer, "--steps_per_checkpoint", _INTERVAL]
    flags += ["--learning_rate", LEARNING_RATES[arguments.optimizer]]
    with tempfile.TemporaryDirectory() as temporary:
        directories = {count: Path(temporary) / str(count) for count in (1, *_COUNTS)}
        for count, directory in directories.items():
            start = time.monotonic()
            command = ["ecm_tf.train", *flags, "--train_dir", directory]
            finish_workers(start_workers(count, command))
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
