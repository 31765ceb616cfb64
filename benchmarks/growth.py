"""Time of training and decoding steps by batch size, length and vocabulary size, with plots.

The dashed line is the matmul lower bound.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import keras
from matplotlib.figure import Figure

from benchmarks.decoding import greedy_of
from benchmarks.lower_bound import STEPS, decoding_products, training_products
from benchmarks.models import QUICK, Sizes, full_batch, model
from benchmarks.report import Row, run
from benchmarks.timing import measure
from benchmarks.training_step import step_of
from ecm_tf.report import LABEL_COLOUR, picture

SWEEPS = {
    "batch": (16, 32, 64, 128, 256),
    "length": (5, 10, 20, 40),
    "vocabulary": (5_000, 10_000, 20_000, 40_000, 80_000),
}
QUICK_SWEEPS = {"batch": (2,), "length": (3,), "vocabulary": (100,)}
DECODED = 8
"""Batch size of decoding, where length or vocabulary vary."""


def rows(arguments: argparse.Namespace) -> Iterator[Row]:
    """Yields the rows of the table, and draws the plots at the end."""
    base = QUICK if arguments.quick else Sizes()
    results: list[Row] = []
    for name, values in (QUICK_SWEEPS if arguments.quick else SWEEPS).items():
        for value in values:
            keras.backend.clear_session()
            sizes = replace(base, **{name: value})
            decoded = sizes if name == "batch" else replace(sizes, batch=DECODED)
            ecm = model(sizes)
            tokens = sizes.batch * sizes.length
            seconds = measure(
                {
                    "training": step_of(ecm, full_batch(sizes)),
                    "training bound": training_products(tokens, sizes.size, sizes.vocabulary),
                    "greedy": greedy_of(ecm, full_batch(decoded), sizes.length),
                    "greedy bound": decoding_products(decoded.batch, sizes.size, sizes.vocabulary),
                },
                repeats=3,
            )
            row = {
                "varied": name,
                "value": value,
                "training step, ms": 1000 * seconds["training"].median,
                "training lower bound, ms": 1000 * seconds["training bound"].median,
                "greedy step, ms": 1000 * seconds["greedy"].median / sizes.length,
                "greedy lower bound, ms": 1000 * seconds["greedy bound"].median / STEPS,
            }
            results.append(row)
            yield row
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name in SWEEPS:
        of_sweep = [row for row in results if row["varied"] == name]
        drawn = picture(
            f"growth-{name}.png",
            f"Milliseconds of a training step and of a greedy step by {name}",
            (8, 3),
            partial(_draw, name, of_sweep),
        )
        (arguments.output / drawn.name).write_bytes(drawn.png)


def _draw(name: str, of_sweep: list[Row], figure: Figure) -> None:
    values = [row["value"] for row in of_sweep]
    titles = (
        ("training step, ms", "training lower bound, ms"),
        ("greedy step, ms", "greedy lower bound, ms"),
    )
    for axes, (title, bound) in zip(figure.subplots(1, 2), titles, strict=True):
        axes.plot(values, [row[title] for row in of_sweep], "o-", color="tab:blue")
        axes.plot(values, [row[bound] for row in of_sweep], "--", color=LABEL_COLOUR)
        axes.set(title=title, xlabel=name, ylim=(0, None), xlim=(0, None))
        axes.grid(True)


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the command; see `--help`."""
    run("growth", __doc__, rows, argv=argv)


if __name__ == "__main__":
    main()
