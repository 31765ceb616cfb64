"""Configuration of a training run; most defaults are those of the original program."""

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from ecm_tf.config.base import Config
from ecm_tf.config.model import ORIGINAL_BUCKETS
from ecm_tf.core.command import option
from ecm_tf.core.fields import NonNegativeInt, PositiveFloat, PositiveInt, Seed


@dataclass(frozen=True)
class TrainingConfig(Config):
    """How a model is trained. The defaults are the original program's where it has the flag.

    The original program lacks `dropout`, `label_smoothing`, `ema_momentum` and `jit_compile`, which
    are off by default.
    """

    batch_size: PositiveInt = option(128, "post-response pairs per step")
    epochs: PositiveInt = option(20, "passes over the training pairs")
    optimizer: Literal["sgd", "adam"] = option("sgd", "the original program uses sgd")
    learning_rate: PositiveFloat = option(
        0.5, "initial learning rate; 0.5 suits sgd, 0.001 suits adam"
    )
    learning_rate_decay_factor: Annotated[float, Meta(gt=0, le=1)] = option(
        0.99,
        "multiply the learning rate by this when the training loss of the last "
        "--steps_per_checkpoint steps is above those of the three intervals before",
    )
    max_gradient_norm: PositiveFloat = option(5.0, "clip gradients to this global norm")
    steps_per_checkpoint: PositiveInt = option(
        1000, "steps between evaluations on dev, each of which writes a checkpoint"
    )
    early_stopping: NonNegativeInt = option(
        0, "stop after this many epochs without a lower dev perplexity (0: off)"
    )
    dropout: Annotated[float, Meta(ge=0, lt=1)] = option(
        0.0,
        "dropout rate for word vectors, for the output of each GRU layer before the next, and for "
        "the input of the output layer; the original program has no dropout",
    )
    label_smoothing: Annotated[float, Meta(ge=0, lt=1)] = option(
        0.0,
        "share of each target's probability that the training loss spreads evenly over the "
        "vocabulary; perplexities are not smoothed; the original program does not smooth",
    )
    ema_momentum: Annotated[float, Meta(ge=0, lt=1)] = option(
        0.0,
        "evaluate and save exponential moving averages of the weights: at each step, average = "
        "ema_momentum × average + (1 − ema_momentum) × weights (0: off; the original program has "
        "no averages)",
    )
    balance_emotions: bool = option(
        False, "draw all emotions equally often, however rare, as the original program does"
    )
    single_emotion_batches: bool = option(
        False,
        "draw the pairs of each batch from one emotion, chosen at random, as the original program "
        "does",
    )
    mixed_precision: Literal["float32", "bfloat16", "float16"] = option(
        "float32", "dtype of matrix products; weights stay float32"
    )
    jit_compile: bool = option(
        False,
        "compile the training step with XLA, once for each batch shape; untested on GPUs, and "
        "slower on CPUs unless the model is tiny",
    )
    seed: Seed = option(0, "random seed for initial weights and the order of pairs")


PRESETS = {
    "original": {
        "mask_padding": False,
        "buckets": [list(bucket) for bucket in ORIGINAL_BUCKETS],
        "single_emotion_batches": True,
        "optimizer": "sgd",
        "learning_rate": 0.5,
        "learning_rate_decay_factor": 0.99,
        "max_gradient_norm": 5.0,
        "batch_size": 128,
        "mixed_precision": "float32",
    }
}
"""Named sets of settings for `--preset`; `original` trains as the original program does."""
