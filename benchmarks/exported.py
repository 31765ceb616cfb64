"""Calls of what is exported, against the bare projection of their steps.

A SavedModel, text in and text out, at several batches; TensorFlow Lite's files, one post at a time,
as `ids.tflite` and `text.tflite` and under every scheme of weights. Greedy, with random weights,
whose replies hardly ever end by themselves.
"""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import tensorflow as tf

from benchmarks.lower_bound import STEPS, decoding_products
from benchmarks.models import QUICK, Sizes, full_batch, model_directory
from benchmarks.report import run
from benchmarks.timing import measure
from ecm_tf.core import command
from export.saved_model.exporter import export_saved_model
from export.tflite.conversion import convert
from export.tflite.files import IDS, SCHEMES, TEXT
from export.tflite.interpreter import Interpreter

BATCHES = (1, 8, 64)


def rows(arguments):
    """The table."""
    sizes = QUICK if arguments.quick else Sizes()
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        trained = model_directory(sizes, directory / "model")
        version = export_saved_model(trained, directory / "saved_model", n_best=1)
        loaded = tf.saved_model.load(str(version))
        answer = loaded.signatures["serving_default"]
        for batch in BATCHES:
            posts = texts(replace(sizes, batch=batch))
            emotion = tf.constant(["like"] * batch)
            yield _row(
                "SavedModel",
                batch,
                sizes,
                lambda posts=posts, emotion=emotion: answer(post=posts, emotion=emotion),
                lambda found: found["response"].numpy(),
            )
        for scheme in SCHEMES:
            with command.suppress_native_stderr():
                files = convert(trained, directory / scheme, scheme)
            ids = full_batch(replace(sizes, batch=1))["post"].numpy().tolist()
            for name, post in ((IDS, ids), (TEXT, [texts(replace(sizes, batch=1)).numpy()[0]])):
                interpreter = Interpreter(files / name)
                yield _row(
                    f"{name}, {scheme}",
                    1,
                    sizes,
                    lambda interpreter=interpreter, post=post: interpreter(post, [1]),
                    lambda found: [found["response"][0]] if "response" in found else found["ids"],
                )


def texts(sizes: Sizes) -> tf.Tensor:
    """`full_batch`'s posts, as the vocabulary of `model_directory` writes them."""
    ids = full_batch(sizes)["post"].numpy()
    return tf.constant([" ".join(f"w{number}" for number in post) for post in ids])


def _row(what, batch, sizes, answer, replies_of):
    """Times a call and the bare steps of its longest reply."""
    longest = max(
        len(reply.split()) if isinstance(reply, bytes) else np.count_nonzero(reply)
        for reply in replies_of(answer())
    )
    steps = min(longest + 1, sizes.length)
    seconds = measure(
        {
            "call": answer,
            "bare": decoding_products(batch, sizes.size, sizes.vocabulary),
        },
        repeats=9,
    )
    call, bare = seconds["call"], seconds["bare"].median / STEPS
    return {
        "what": what,
        "batch": batch,
        "steps": steps,
        "call, ms": str(call),
        "bare step, ms": 1000 * bare,
        "posts/s": batch / call.median,
        "compared": call.median / (steps * bare),
    }


if __name__ == "__main__":
    run("exported", __doc__, rows)
