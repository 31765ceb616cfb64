"""Peak memory of training, each size in a process of its own: all of TensorFlow included.

Memory should grow with the vocabulary, and little with batch and length.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace

from benchmarks.models import QUICK, Sizes
from benchmarks.report import run
from ecm_tf.core.memory import peak_memory_bytes

TARGET_GB = 1.2
STEPS = 3


def peak(sizes: Sizes, policy: str) -> float:
    """Trains a few steps in this process; its peak resident size in GB."""
    from benchmarks.models import full_batch, model
    from benchmarks.training_step import step_of

    step = step_of(model(sizes, policy), full_batch(sizes))
    for _ in range(STEPS):
        step()
    return peak_memory_bytes() / 1e9


def imported() -> float:
    """The same of a process that has TensorFlow and nothing else."""
    import tensorflow  # noqa: F401

    return peak_memory_bytes() / 1e9


def rows(arguments):
    """The table."""
    paper = QUICK if arguments.quick else Sizes()
    cases = [
        (paper, "float32"),
        (paper, "mixed_bfloat16"),
        (replace(paper, batch=2 * paper.batch), "float32"),
        (replace(paper, length=2 * paper.length), "float32"),
        (replace(paper, vocabulary=paper.vocabulary // 4), "float32"),
    ]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, max_tasks_per_child=1) as processes:
        yield {"case": "TensorFlow imported", "peak, GB": processes.submit(imported).result()}
        for number, (sizes, policy) in enumerate(cases):
            found = processes.submit(peak, sizes, policy).result()
            row = {"case": "training", **asdict(sizes), "precision": policy, "peak, GB": found}
            if number < 2:
                row |= {"target": TARGET_GB, "met": found <= TARGET_GB}
            yield row


if __name__ == "__main__":
    run("training_memory", __doc__, rows)
