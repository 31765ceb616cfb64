"""How a training step and a decoding step grow with batch, length and vocabulary: a plot each.

The dashed line is the bare product of the vocabulary projection.
"""

from dataclasses import replace

import keras

from benchmarks.decoding import greedy_of
from benchmarks.lower_bound import STEPS, decoding_products, training_products
from benchmarks.models import QUICK, Sizes, full_batch, model
from benchmarks.report import run
from benchmarks.timing import measure
from benchmarks.training_step import step_of
from ecm_tf.report import LABEL_COLOUR, picture

SWEEPS = {
    "batch": (16, 32, 64, 128, 256),
    "length": (5, 10, 20, 40),
    "vocabulary": (5_000, 10_000, 20_000, 40_000, 80_000),
}
QUICK_SWEEPS = {"batch": (2, 4), "length": (3, 6), "vocabulary": (100, 200)}
DECODED = 8
"""Posts that are decoded together where the batch is not what grows."""


def rows(arguments):
    """The table; the plots are drawn at its end."""
    base = QUICK if arguments.quick else Sizes()
    found = []
    for name, values in (QUICK_SWEEPS if arguments.quick else SWEEPS).items():
        for value in values:
            keras.backend.clear_session()
            sizes = replace(base, **{name: value})
            decoded = sizes if name == "batch" else replace(sizes, batch=DECODED)
            made = model(sizes)
            tokens = sizes.batch * sizes.length
            seconds = measure(
                {
                    "training": step_of(made, full_batch(sizes)),
                    "bare training": training_products(tokens, sizes.size, sizes.vocabulary),
                    "greedy": greedy_of(made, full_batch(decoded), sizes.length),
                    "bare greedy": decoding_products(decoded.batch, sizes.size, sizes.vocabulary),
                },
                repeats=3,
            )
            row = {
                "grows": name,
                "value": value,
                "training step, ms": 1000 * seconds["training"].median,
                "its bare products, ms": 1000 * seconds["bare training"].median,
                "greedy step, ms": 1000 * seconds["greedy"].median / sizes.length,
                "its bare product, ms": 1000 * seconds["bare greedy"].median / STEPS,
            }
            found.append(row)
            yield row
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name in SWEEPS:
        of_sweep = [row for row in found if row["grows"] == name]
        drawn = picture(
            f"growth-{name}.png",
            f"Milliseconds of a training step and of a greedy step by {name}",
            (8, 3),
            lambda figure, name=name, of_sweep=of_sweep: _draw(figure, name, of_sweep),
        )
        (arguments.output / drawn.name).write_bytes(drawn.png)


def _draw(figure, name, of_sweep):
    values = [row["value"] for row in of_sweep]
    titles = (
        ("training step, ms", "its bare products, ms"),
        ("greedy step, ms", "its bare product, ms"),
    )
    for axes, (title, bare) in zip(figure.subplots(1, 2), titles, strict=True):
        axes.plot(values, [row[title] for row in of_sweep], "o-", color="tab:blue")
        axes.plot(values, [row[bare] for row in of_sweep], "--", color=LABEL_COLOUR)
        axes.set(title=title, xlabel=name, ylim=(0, None), xlim=(0, None))
        axes.grid(True)


if __name__ == "__main__":
    run("growth", __doc__, rows)
