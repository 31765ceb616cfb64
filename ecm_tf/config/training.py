"""How a model is trained; the defaults are the original program's where it has the setting."""

from dataclasses import dataclass

from ecm_tf.config.base import Config
from ecm_tf.config.model import ORIGINAL_BUCKETS
from ecm_tf.core.command import option


@dataclass(frozen=True)
class TrainingConfig(Config):
    """How a model is trained. The defaults are the original program's where it has the flag."""

    batch_size: int = option(128, "pairs a step")
    epochs: int = option(20, "passes over the training pairs")
    optimizer: str = option("sgd", "sgd is the original's", choices=("sgd", "adam"))
    learning_rate: float = option(0.5, "of the first step; 0.5 suits sgd, 0.001 adam")
    learning_rate_decay_factor: float = option(
        0.99, "applied at a checkpoint whose training loss is above that of the last three"
    )
    max_gradient_norm: float = option(5.0, "gradients are clipped together to this norm")
    steps_per_checkpoint: int = option(1000, "steps between dev evaluations and checkpoints")
    early_stopping: int = option(
        0, "stop after this many epochs without a better dev perplexity; 0 never stops early"
    )
    balance_emotions: bool = option(
        False, "draw every emotion equally often, as the original does, however rare it is"
    )
    single_emotion_batches: bool = option(
        False, "every batch has one emotion, drawn from those there are, as the original's have"
    )
    mixed_precision: str = option(
        "float32", "dtype of the matrix products", choices=("float32", "bfloat16", "float16")
    )
    seed: int = option(0, "of initial weights and of the order of the pairs")

    def __post_init__(self) -> None:
        for name in ("batch_size", "epochs", "steps_per_checkpoint"):
            self._require(getattr(self, name) >= 1, name, "at least 1")
        for name in ("learning_rate", "max_gradient_norm"):
            self._require(getattr(self, name) > 0, name, "a positive number")
        decay = self.learning_rate_decay_factor
        self._require(0 < decay <= 1, "learning_rate_decay_factor", "a number in (0, 1]")
        self._require(self.early_stopping >= 0, "early_stopping", "0 or more epochs")
        self._require(self.optimizer in ("sgd", "adam"), "optimizer", "sgd or adam")
        precisions = ("float32", "bfloat16", "float16")
        self._require(self.mixed_precision in precisions, "mixed_precision", f"one of {precisions}")


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
"""Sets of settings by name; `original` trains as the original program does."""
