"""A training step against the bare products of its vocabulary projection.

What is timed is the compiled function that `model.fit` calls, on one batch, with SGD and clipping
as `ecm_tf.train` has them. Real lengths are those of a dataset (`--dataset`), in its batch of
median size, or random, half of the bucket on average. The shares are timed by themselves, forward
and backward: the encoder; encoder and decoder recurrence up to the features, less the encoder;
projection and loss on given features; the optimizer is what is left.
"""

from dataclasses import replace
from pathlib import Path

import keras
import tensorflow as tf

from benchmarks.lower_bound import training_products
from benchmarks.models import QUICK, Sizes, full_batch, model, real_batch
from benchmarks.report import run
from benchmarks.timing import measure
from ecm_tf.config import TrainingConfig
from ecm_tf.text.vocabulary import PAD
from ecm_tf.training.construction import make_optimizer

PRECISIONS = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
TARGETS = {"float32": 1.5, "bfloat16": 1.2}


def step_of(trained, batch):
    """The compiled step on one batch, as a function without arguments."""
    trained.compile(optimizer=make_optimizer(TrainingConfig()), jit_compile=False)
    trained.make_train_function()
    batches = iter(tf.data.Dataset.from_tensors(batch).repeat())
    return lambda: trained.train_function(batches)


def parts_of(trained, batch):
    """Forward and backward of the nested parts, as functions without arguments."""
    encoder = trained.encoder.trainable_variables
    recurrence = encoder + trained.decoder.trainable_variables
    outputs = trained(batch)
    features, emotion, targets, _ = trained._real_tokens(batch, outputs)
    weights = tf.fill(tf.shape(targets), 1e-3)
    projection = trained.vocabulary_output.trainable_variables

    @tf.function
    def encode():
        with tf.GradientTape() as tape:
            encoded = trained.encoder(batch["post"])
            total = tf.add_n([tf.reduce_sum(tf.cast(e, tf.float32)) for e in encoded["states"]])
            total += tf.reduce_sum(tf.cast(encoded["values"], tf.float32))
        return _sum(tape.gradient(total, encoder))

    @tf.function
    def recur():
        with tf.GradientTape() as tape:
            found, *_ = trained._real_tokens(batch, trained(batch))
            total = tf.reduce_sum(tf.cast(found, tf.float32))
        return _sum(tape.gradient(total, recurrence))

    @tf.function
    def project():
        with tf.GradientTape() as tape:
            tape.watch(features)
            terms, _ = trained.vocabulary_output.training_losses(
                features, emotion, targets, weights
            )
            total = tf.add_n(list(terms.values()))
        return _sum(tape.gradient(total, [features, *projection]))

    return {"encoder": encode, "recurrence": recur, "projection": project}


def _sum(gradients):
    return tf.add_n(
        [
            tf.reduce_sum(tf.cast(tf.convert_to_tensor(g), tf.float32))
            for g in gradients
            if g is not None
        ]
    )


def rows(arguments):
    """The table."""
    paper = QUICK if arguments.quick else Sizes()
    smaller = replace(paper, vocabulary=paper.vocabulary // 4)
    for sizes in (paper, smaller):
        for lengths, batch in (
            ("full", full_batch(sizes)),
            ("real", real_batch(sizes, arguments.dataset)),
        ):
            tokens = int(tf.reduce_sum(tf.cast(batch["response"] != PAD, tf.int32)))
            padded = tf.size(batch["response"]).numpy()
            for precision, policy in PRECISIONS.items():
                keras.backend.clear_session()
                trained = model(sizes, policy)
                seconds = measure(
                    {
                        "bare": training_products(tokens, sizes.size, sizes.vocabulary),
                        "bucket": training_products(padded, sizes.size, sizes.vocabulary),
                        "step": step_of(trained, batch),
                        **parts_of(trained, batch),
                    },
                    repeats=5,
                )
                step = seconds["step"].median
                ratio = step / seconds["bare"].median
                recurrence = seconds["recurrence"].median - seconds["encoder"].median
                rest = step - seconds["recurrence"].median - seconds["projection"].median
                row = {
                    "vocabulary": sizes.vocabulary,
                    "lengths": lengths,
                    "precision": precision,
                    "tokens": tokens,
                    "step, ms": str(seconds["step"]),
                    "bare of its tokens, ms": str(seconds["bare"]),
                    "ratio": ratio,
                    "ratio to the bucket": step / seconds["bucket"].median,
                    "encoder": seconds["encoder"].median / step,
                    "decoder": recurrence / step,
                    "projection, loss": seconds["projection"].median / step,
                    "optimizer, rest": rest / step,
                }
                if sizes is paper:
                    # With real lengths the recurrence stands beside the products, not in them.
                    of_products = (
                        ratio
                        if lengths == "full"
                        else ((step - seconds["recurrence"].median) / seconds["bare"].median)
                    )
                    target = TARGETS[precision] if lengths == "full" else 1.5
                    row |= {
                        "compared": of_products,
                        "target": target,
                        "met": of_products <= target,
                    }
                yield row


if __name__ == "__main__":
    run(
        "training_step",
        __doc__,
        rows,
        lambda parser: parser.add_argument("--dataset", type=Path, help="gives real lengths"),
    )
