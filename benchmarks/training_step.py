"""Time of a training step, compared with the matmul lower bound of its vocabulary projection.

Times the compiled function that `model.fit` calls, on one batch, with SGD and clipping as in
`ecm_tf.train`. Real lengths are those of a dataset's batch of median size (`--dataset`), or random,
half of the maximum on average. The parts are timed separately, forward and backward: the encoder;
the recurrence of encoder and decoder up to the features, minus the encoder; projection and loss for
given features. The optimizer is the remainder. `--jit_compile` also times the step as XLA compiles
it, and its first call, which compiles it.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from benchmarks.lower_bound import training_products
from benchmarks.models import QUICK, Sizes, full_batch, model, real_batch
from benchmarks.report import Row, run
from benchmarks.timing import measure
from ecm_tf.config import TrainingConfig
from ecm_tf.model import ECM
from ecm_tf.text.vocabulary import PAD
from ecm_tf.training.compiled_step import CompiledECM
from ecm_tf.training.construction import make_optimizer

PRECISIONS = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
Batch = dict[str, tf.Tensor]
TARGETS = {"float32": 1.5, "bfloat16": 1.2}


def step_of(trained: ECM, batch: Batch) -> Callable[[], Any]:
    """Returns the compiled training step on one batch, as a function without arguments."""
    trained.compile(optimizer=make_optimizer(TrainingConfig()), jit_compile=False)
    trained.make_train_function()
    batches = iter(tf.data.Dataset.from_tensors(batch).repeat())
    return lambda: trained.train_function(batches)


def parts_of(trained: ECM, batch: Batch) -> dict[str, Callable[[], tf.Tensor]]:
    """Returns forward and backward passes of nested parts, as functions without arguments."""
    encoder = trained.encoder.trainable_variables
    recurrence = encoder + trained.decoder.trainable_variables
    outputs = trained(batch)
    features, emotion, targets, _ = trained._real_tokens(batch, outputs)
    weights = tf.fill(tf.shape(targets), 1e-3)
    projection = trained.vocabulary_output.trainable_variables

    @tf.function(autograph=False)
    def encode() -> tf.Tensor:
        with tf.GradientTape() as tape:
            encoded = trained.encoder(batch["post"])
            total = tf.add_n([tf.reduce_sum(tf.cast(e, tf.float32)) for e in encoded["states"]])
            total += tf.reduce_sum(tf.cast(encoded["values"], tf.float32))
        return _sum(tape.gradient(total, encoder))

    @tf.function(autograph=False)
    def recur() -> tf.Tensor:
        with tf.GradientTape() as tape:
            computed, *_ = trained._real_tokens(batch, trained(batch))
            total = tf.reduce_sum(tf.cast(computed, tf.float32))
        return _sum(tape.gradient(total, recurrence))

    @tf.function(autograph=False)
    def project() -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(features)
            terms = trained.vocabulary_output.training_losses(features, emotion, targets, weights)
            total = tf.add_n(list(terms.values()))
        return _sum(tape.gradient(total, [features, *projection]))

    return {"encoder": encode, "recurrence": recur, "projection": project}


def _sum(gradients: list[Any]) -> tf.Tensor:
    return tf.add_n(
        [
            tf.reduce_sum(tf.cast(tf.convert_to_tensor(g), tf.float32))
            for g in gradients
            if g is not None
        ]
    )


def rows(arguments: argparse.Namespace) -> Iterator[Row]:
    """Yields the rows of the table."""
    paper = QUICK if arguments.quick else Sizes()
    smaller = replace(paper, vocabulary=paper.vocabulary // 4)
    cases = [
        (sizes, lengths, precision)
        for sizes in (paper, smaller)
        for lengths in ("full", "real")
        for precision in PRECISIONS
    ]
    if arguments.quick:  # each choice of lengths and precision once
        cases = cases[:4:3]
    # All batches are made first: a dataset that has none of this size fails before measuring.
    batches = {
        (sizes, lengths): (
            full_batch(sizes) if lengths == "full" else real_batch(sizes, arguments.dataset)
        )
        for sizes, lengths, _ in cases
    }
    for sizes, lengths, precision in cases:
        batch = batches[sizes, lengths]
        tokens = int(tf.reduce_sum(tf.cast(batch["response"] != PAD, tf.int32)))
        padded = tf.size(batch["response"]).numpy()
        keras.backend.clear_session()
        trained = model(sizes, PRECISIONS[precision])
        steps = {"step": step_of(trained, batch)}
        first_call = 0.0
        if arguments.jit_compile:
            compiled = model(sizes, PRECISIONS[precision], model_class=CompiledECM)
            steps["compiled step"] = step_of(compiled, batch)
            start = time.perf_counter()
            steps["compiled step"]()
            first_call = time.perf_counter() - start
        seconds = measure(
            {
                "lower bound": training_products(tokens, sizes.size, sizes.vocabulary),
                "padded bound": training_products(padded, sizes.size, sizes.vocabulary),
                **steps,
                **parts_of(trained, batch),
            },
            repeats=5,
        )
        step = seconds["step"].median
        ratio = step / seconds["lower bound"].median
        recurrence = seconds["recurrence"].median - seconds["encoder"].median
        rest = step - seconds["recurrence"].median - seconds["projection"].median
        row: Row = {
            "vocabulary": sizes.vocabulary,
            "lengths": lengths,
            "precision": precision,
            "tokens": tokens,
            "step, ms": str(seconds["step"]),
            "lower bound of its tokens, ms": str(seconds["lower bound"]),
            "ratio": ratio,
            "ratio to the padded bound": step / seconds["padded bound"].median,
            "encoder": seconds["encoder"].median / step,
            "decoder": recurrence / step,
            "projection, loss": seconds["projection"].median / step,
            "optimizer, rest": rest / step,
        }
        if arguments.jit_compile:
            row |= {
                "compiled step, ms": str(seconds["compiled step"]),
                "its first call, s": first_call,
            }
        if sizes is paper:
            # With real lengths the recurrence is reported separately.
            compared = (
                ratio
                if lengths == "full"
                else ((step - seconds["recurrence"].median) / seconds["lower bound"].median)
            )
            target = TARGETS[precision] if lengths == "full" else 1.5
            row |= {
                "compared": compared,
                "target": target,
                "met": compared <= target,
            }
        yield row


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the command; see `--help`."""
    run("training_step", __doc__, rows, _add_flags, argv)


def _add_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dataset", type=Path, help="dataset directory that provides the real lengths"
    )
    parser.add_argument(
        "--jit_compile", action="store_true", help="also time the step as XLA compiles it"
    )


if __name__ == "__main__":
    main()
