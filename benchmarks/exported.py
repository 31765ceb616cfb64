"""Calls of exported models, compared with the matmul lower bound of their steps.

Measures a SavedModel, with text as input and output, at several batch sizes; and TensorFlow Lite's
`ids.tflite` and `text.tflite` under every quantization scheme, one post at a time. The search is
greedy, and the weights are random, so that replies hardly ever end before the maximum length.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.lower_bound import STEPS, decoding_products
from benchmarks.models import QUICK, Sizes, full_batch, model_directory
from benchmarks.report import Row, run
from benchmarks.timing import measure
from ecm_tf.core.native_stderr import suppress_native_stderr
from export.saved_model.exporter import export_saved_model
from export.tflite.conversion import convert
from export.tflite.files import IDS, SCHEMES, TEXT
from export.tflite.interpreter import Interpreter

BATCHES = (1, 8, 64)


def rows(arguments: argparse.Namespace) -> Iterator[Row]:
    """Yields the rows of the table."""
    sizes = QUICK if arguments.quick else Sizes()
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        trained = model_directory(sizes, directory / "model")
        version = export_saved_model(trained, directory / "saved_model", n_best=1)
        loaded = tf.saved_model.load(str(version))
        answer = loaded.signatures["serving_default"]
        for batch in BATCHES[:1] if arguments.quick else BATCHES:
            posts = texts(replace(sizes, batch=batch))
            emotion = tf.constant(["like"] * batch)
            yield _row(
                "SavedModel",
                batch,
                sizes,
                partial(answer, post=posts, emotion=emotion),
                lambda outputs: outputs["response"].numpy(),
            )
        for scheme in list(SCHEMES)[:1] if arguments.quick else SCHEMES:
            with suppress_native_stderr():
                files = convert(trained, directory / scheme, scheme)
            ids = full_batch(replace(sizes, batch=1))["post"].numpy().tolist()
            for name, post in ((IDS, ids), (TEXT, [texts(replace(sizes, batch=1)).numpy()[0]])):
                interpreter = Interpreter(files / name)
                yield _row(
                    f"{name}, {scheme}",
                    1,
                    sizes,
                    partial(interpreter, post, [1]),
                    _lite_replies,
                )


def _lite_replies(outputs: dict[str, Any]) -> Any:
    return [outputs["response"][0]] if "response" in outputs else outputs["ids"]


def texts(sizes: Sizes) -> tf.Tensor:
    """Returns the posts of `full_batch` in the words of `model_directory`."""
    ids = full_batch(sizes)["post"].numpy()
    return tf.constant([" ".join(f"w{number}" for number in post) for post in ids])


def _row(
    what: str,
    batch: int,
    sizes: Sizes,
    answer: Callable[[], Any],
    replies_of: Callable[[Any], Any],
) -> Row:
    """Times a call and the lower bound of the steps of its longest reply."""
    longest = max(
        len(reply.split()) if isinstance(reply, bytes) else np.count_nonzero(reply)
        for reply in replies_of(answer())
    )
    steps = min(longest + 1, sizes.length)
    seconds = measure(
        {
            "call": answer,
            "lower bound": decoding_products(batch, sizes.size, sizes.vocabulary),
        },
        repeats=9,
    )
    call, bound = seconds["call"], seconds["lower bound"].median / STEPS
    return {
        "what": what,
        "batch": batch,
        "steps": steps,
        "call, ms": str(call),
        "lower bound of a step, ms": 1000 * bound,
        "posts/s": batch / call.median,
        "compared": call.median / (steps * bound),
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the command; see `--help`."""
    run("exported", __doc__, rows, argv=argv)


if __name__ == "__main__":
    main()
