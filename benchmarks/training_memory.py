"""Peak memory of training, including TensorFlow itself; each size runs in a new process.

Memory should grow with the vocabulary, and little with batch size and length.
"""

import argparse
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace

from benchmarks.models import QUICK, Sizes
from benchmarks.report import Row, run
from ecm_tf.core.memory import peak_memory_bytes

TARGET_GB = 1.2
STEPS = 3


def peak(sizes: Sizes, policy: str) -> float:
    """Trains for a few steps and returns the peak resident memory of this process, in GB."""
    from benchmarks.models import full_batch, model
    from benchmarks.training_step import step_of

    step = step_of(model(sizes, policy), full_batch(sizes))
    for _ in range(STEPS):
        step()
    return peak_memory_bytes() / 1e9


def imported() -> float:
    """Imports TensorFlow and returns the peak resident memory of this process, in GB."""
    import tensorflow  # noqa: F401

    return peak_memory_bytes() / 1e9


def rows(arguments: argparse.Namespace) -> Iterator[Row]:
    """Yields the rows of the table."""
    paper = QUICK if arguments.quick else Sizes()
    cases = [
        (paper, "float32"),
        (paper, "mixed_bfloat16"),
        (replace(paper, batch=2 * paper.batch), "float32"),
        (replace(paper, length=2 * paper.length), "float32"),
        (replace(paper, vocabulary=paper.vocabulary // 4), "float32"),
    ]
    if arguments.quick:
        cases = cases[:1]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, max_tasks_per_child=1) as processes:
        yield {"case": "TensorFlow imported", "peak, GB": processes.submit(imported).result()}
        for number, (sizes, policy) in enumerate(cases):
            peak_gb = processes.submit(peak, sizes, policy).result()
            row: Row = {
                "case": "training",
                **asdict(sizes),
                "precision": policy,
                "peak, GB": peak_gb,
            }
            if number < 2:
                row |= {"target": TARGET_GB, "met": peak_gb <= TARGET_GB}
            yield row


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the command; see `--help`."""
    run("training_memory", __doc__, rows, argv=argv)


if __name__ == "__main__":
    main()
