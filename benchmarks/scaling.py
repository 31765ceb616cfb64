"""Training speed of one process and of several workers, and what more machines would give.

The processes are on this machine, and train on the same batches of a dataset, with its real
lengths: one process with two threads, one with one thread, and two workers with one thread each.
The configurations are measured in turn. `benchmarks.scaling_worker` measures in each process.

For N workers on machines of their own, each with as many pairs of a batch as one of the two has
here, the time of a step is predicted as

    compute + 2 (N − 1) / N × dense / bandwidth + (N − 1) × sparse / bandwidth + rounds × latency

`dense` are the bytes of the gradients that a ring all-reduce sums, and `sparse` those of the slices
of embedding gradients, which each worker gathers from all others; `rounds` is 2 (N − 1), the
messages that a ring passes on one after the other. The efficiency is compute / step.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.report import Row, run
from benchmarks.worker_processes import finish_workers, start_workers
from ecm_tf.core.cpus import INTER_OP_THREADS, INTRA_OP_THREADS

TARGET = 1.25
LINKS = {"10 Gbit/s": 1.25e9, "100 Gbit/s": 12.5e9}
"""Bytes a second of a link between two machines."""
LATENCY = 50e-6
"""Seconds of a message between two machines in a data center, an assumption."""
CONFIGURATIONS = {"1 x 2 threads": (1, 2), "1 x 1 thread": (1, 1), "2 x 1 thread": (2, 1)}


def _flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dataset", type=Path, required=True, help="dataset directory")
    parser.add_argument(
        "--batch_size", type=int, default=128, help="pairs of a batch, of all workers"
    )
    parser.add_argument("--batches", type=int, default=40, help="number of batches to time")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each configuration")


def rows(arguments: argparse.Namespace) -> Iterator[Row]:
    """Yields the rows of the table."""
    size, batches, rounds = 128, arguments.batches, arguments.rounds
    if arguments.quick:
        size, batches, rounds = 8, 2, 1
    flags = ["--dataset", arguments.dataset, "--batch_size", arguments.batch_size]
    command = ["benchmarks.scaling_worker", *flags, "--size", size, "--batches", batches]
    measured: dict[str, list[dict[str, Any]]] = {name: [] for name in CONFIGURATIONS}
    for _ in range(rounds):
        for name, (count, threads) in CONFIGURATIONS.items():
            environment = {
                INTRA_OP_THREADS: str(threads),
                INTER_OP_THREADS: str(threads),
                "OMP_NUM_THREADS": str(threads),
            }
            printed = finish_workers(start_workers(count, command, environment))
            measured[name].append(json.loads(printed[0].splitlines()[-1]))
    seconds = {name: median(run["step"] for run in runs) for name, runs in measured.items()}
    for name, runs in measured.items():
        row: Row = {"configuration": name, "step, ms": 1000 * seconds[name]}
        row["pairs a second"] = runs[0]["pairs"] / seconds[name]
        row["ratio"] = seconds["1 x 2 threads"] / seconds[name]
        if name == "2 x 1 thread":
            alone = median(run["step without sums"] for run in runs)
            row |= {
                "share of the all-reduce": 1 - alone / seconds[name],
                "dense, MB": runs[0]["dense"] / 1e6,
                "sparse, MB": runs[0]["sparse"] / 1e6,
                "target": TARGET,
                "met": row["ratio"] >= TARGET,
            }
        yield row
    yield from predicted(measured["2 x 1 thread"])


def predicted(runs: Sequence[dict[str, Any]]) -> Iterator[Row]:
    """Yields the efficiencies that the cost model predicts.

    Args:
        runs: what the chief of two workers has measured.
    """
    compute = median(run["step without sums"] for run in runs)
    dense, sparse = runs[0]["dense"], runs[0]["sparse"]
    for link, bandwidth in LINKS.items():
        for count in (8, 64, 512):
            reduced = 2 * (count - 1) / count * dense / bandwidth
            gathered = (count - 1) * sparse / bandwidth
            step = compute + reduced + gathered + 2 * (count - 1) * LATENCY
            yield {
                "configuration": f"{count} machines, {link}, predicted",
                "step, ms": 1000 * step,
                "pairs a second": count * runs[0]["pairs"] / 2 / step,
                "dense, ms": 1000 * reduced,
                "sparse, ms": 1000 * gathered,
                "efficiency": compute / step,
            }


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the command; see `--help`."""
    run("scaling", __doc__, rows, _flags, argv)


if __name__ == "__main__":
    main()
