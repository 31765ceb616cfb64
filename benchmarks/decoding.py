"""Decoding against the bare projection of its steps (and, for beams, the bare top-k).

Replies that never end are timed, so that a step is a step; ids in, ids out, the encoder included.
One row shows what ending early saves.
"""

from dataclasses import replace

import tensorflow as tf

from benchmarks.lower_bound import STEPS, decoding_products
from benchmarks.models import QUICK, Sizes, full_batch, model
from benchmarks.report import run
from benchmarks.timing import measure
from ecm_tf.decoding import beam_search, greedy_search
from ecm_tf.text.vocabulary import EOS

NEVER = -1
"""An end that no word is."""
BEAMS = 20


def greedy_of(made, batch, length, end=NEVER):
    """Greedy search of a batch, as a function without arguments."""

    @tf.function
    def run():
        step, state = made.prepare_decoding(batch["post"], batch["emotion"])
        return greedy_search(step, state, length, end=end)

    return run


def beam_of(made, batch, length):
    """Beam search of a batch."""

    @tf.function
    def run():
        step, state = made.prepare_decoding(batch["post"], batch["emotion"], BEAMS)
        return beam_search(step, state, length, beams=BEAMS, end=NEVER)

    return run


def rows(arguments):
    """The table."""
    sizes = QUICK if arguments.quick else Sizes()
    made = model(sizes)
    posts_per_second = {}
    for batch_size in (1, 8, 64):
        batch = full_batch(replace(sizes, batch=batch_size))
        seconds = measure(
            {
                "search": greedy_of(made, batch, sizes.length),
                "bare": decoding_products(batch_size, sizes.size, sizes.vocabulary),
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
                "search": beam_of(made, batch, sizes.length),
                "bare": decoding_products(
                    batch_size, sizes.size, sizes.vocabulary, BEAMS, top_k=2 * BEAMS
                ),
            },
            repeats=5,
            warmup=1,
        )
        target = 1.5 if batch_size == 1 else None
        yield _row(f"beam {BEAMS}", batch_size, sizes, seconds, target)
    ends = model(sizes)
    ends.vocabulary_output.bias.assign(1e3 * tf.one_hot(EOS, sizes.vocabulary))
    batch = full_batch(replace(sizes, batch=1))
    seconds = measure(
        {
            "at once": greedy_of(ends, batch, sizes.length, end=EOS),
            "never": greedy_of(ends, batch, sizes.length),
        }
    )
    yield {
        "search": "greedy, a reply that ends at once",
        "batch": 1,
        "whole, ms": str(seconds["at once"]),
        "compared": seconds["at once"].median / seconds["never"].median,
    }


def _row(name, batch_size, sizes, seconds, target):
    search, bare = seconds["search"], seconds["bare"]
    ratio = (search.median / sizes.length) / (bare.median / STEPS)
    row = {
        "search": name,
        "batch": batch_size,
        "whole, ms": str(search),
        "step, ms": 1000 * search.median / sizes.length,
        "bare step, ms": 1000 * bare.median / STEPS,
        "posts/s": batch_size / search.median,
        "compared": ratio,
    }
    if target:
        row |= {"target": target, "met": ratio <= target}
    return row


if __name__ == "__main__":
    run("decoding", __doc__, rows)
