"""Decoding time, compared with the matmul lower bound of its steps (and top-k, for beam search).

The input and output are token ids, and the encoder is included. The measured replies never end, so
that the number of steps is fixed; one row shows how much time a reply that ends at once saves.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import tensorflow as tf

from benchmarks.lower_bound import STEPS, decoding_products
from benchmarks.models import QUICK, Sizes, full_batch, model
from benchmarks.report import Row, run
from benchmarks.timing import Seconds, measure
from ecm_tf.decoding import beam_search, greedy_search
from ecm_tf.model import ECM
from ecm_tf.text.vocabulary import EOS

Batch = dict[str, tf.Tensor]

NEVER = -1
"""An end token id that no word has."""
BEAMS = 20


def greedy_of(model_: ECM, batch: Batch, length: int, end: int = NEVER) -> Callable[[], tf.Tensor]:
    """Returns greedy search for a batch, as a function without arguments."""

    @tf.function(autograph=False)
    def run() -> tf.Tensor:
        step, state = model_.prepare_decoding(model_.encoder(batch["post"]), batch["emotion"])
        return greedy_search(step, state, length, end=end)

    return run


def beam_of(model_: ECM, batch: Batch, length: int) -> Callable[[], tuple[tf.Tensor, ...]]:
    """Returns beam search for a batch, as a function without arguments."""

    @tf.function(autograph=False)
    def run() -> tuple[tf.Tensor, ...]:
        step, state = model_.prepare_decoding(
            model_.encoder(batch["post"]), batch["emotion"], BEAMS
        )
        return beam_search(step, state, length, beams=BEAMS, end=NEVER)

    return run


def rows(arguments: argparse.Namespace) -> Iterator[Row]:
    """Yields the rows of the table."""
    sizes = QUICK if arguments.quick else Sizes()
    ecm = model(sizes)
    posts_per_second = {}
    for batch_size in (1, 8, 64):
        batch = full_batch(replace(sizes, batch=batch_size))
        seconds = measure(
            {
                "search": greedy_of(ecm, batch, sizes.length),
                "lower bound": decoding_products(batch_size, sizes.size, sizes.vocabulary),
            },
            repeats=9,
        )
        posts_per_second[batch_size] = batch_size / seconds["search"].median
        yield _row("greedy", batch_size, sizes, seconds, 1.6 if batch_size == 1 else None)
    gain = posts_per_second[64] / posts_per_second[1]
    yield {
        "search": "greedy, posts/s of batch 64 over batch 1",
        "compared": gain,
        "target": 25,
        "met": gain >= 25,
    }
    for batch_size in (1, 8, 64):
        batch = full_batch(replace(sizes, batch=batch_size))
        seconds = measure(
            {
                "search": beam_of(ecm, batch, sizes.length),
                "lower bound": decoding_products(
                    batch_size, sizes.size, sizes.vocabulary, BEAMS, top_k=2 * BEAMS
                ),
            },
            repeats=5,
            warmup=1,
        )
        target = 1.5 if batch_size == 1 else None
        yield _row(f"beam {BEAMS}", batch_size, sizes, seconds, target)
    ending = model(sizes)
    ending.vocabulary_output.bias.assign(1e3 * tf.one_hot(EOS, sizes.vocabulary))
    batch = full_batch(replace(sizes, batch=1))
    seconds = measure(
        {
            "at once": greedy_of(ending, batch, sizes.length, end=EOS),
            "never": greedy_of(ending, batch, sizes.length),
        }
    )
    yield {
        "search": "greedy, a reply that ends at once",
        "batch": 1,
        "whole, ms": str(seconds["at once"]),
        "compared": seconds["at once"].median / seconds["never"].median,
    }


def _row(
    name: str, batch_size: int, sizes: Sizes, seconds: dict[str, Seconds], target: float | None
) -> Row:
    search, bound = seconds["search"], seconds["lower bound"]
    ratio = (search.median / sizes.length) / (bound.median / STEPS)
    row: Row = {
        "search": name,
        "batch": batch_size,
        "whole, ms": str(search),
        "step, ms": 1000 * search.median / sizes.length,
        "lower bound, ms": 1000 * bound.median / STEPS,
        "posts/s": batch_size / search.median,
        "compared": ratio,
    }
    if target:
        row |= {"target": target, "met": ratio <= target}
    return row


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the command; see `--help`."""
    run("decoding", __doc__, rows, argv=argv)


if __name__ == "__main__":
    main()
