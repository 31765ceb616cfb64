"""The numbers recorded from the original program; see `tests/fixtures/original`."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from ecm_tf.model import ECM
from ecm_tf.original.checkpoint import OriginalCheckpoint
from ecm_tf.original.weights import assign_weights

DIRECTORY = Path(
    os.environ.get("ECM_PARITY_DIR", Path(__file__).parents[1] / "fixtures" / "original")
)
"""`ECM_PARITY_DIR` runs the same tests on records of other sizes and depths."""

VARIANTS = sorted(path.parent.name for path in DIRECTORY.glob("*/meta.json"))


class Recorded:
    """The records of one variant."""

    def __init__(self, variant: str) -> None:
        self.directory = DIRECTORY / variant
        self.meta = json.loads((self.directory / "meta.json").read_text())
        self.training = np.load(self.directory / "training.npz")
        self.batches = json.loads((self.directory / "batches.json").read_text())
        self.decodes = json.loads((self.directory / "decodes.json").read_text())

    @property
    def categories(self) -> int:
        return len(np.load(self.directory / "external_memory.npy"))

    @property
    def bucket(self) -> tuple[int, int]:
        return self.meta["encoder_len"], self.meta["decoder_len"]

    def prefix(self, name: str) -> str:
        return str(self.directory / f"{name}.ckpt")

    def model(self, name: str = "init") -> ECM:
        """Returns the port with the weights of a recorded checkpoint."""
        original = OriginalCheckpoint(self.prefix(name))
        model = ECM(original.config((self.bucket,)))
        assign_weights(model, original)
        return model

    def batch(self, step: int) -> dict[str, tf.Tensor]:
        """Returns the batch of a training step, as the port takes it."""
        posts, responses, _, emotions = zip(*self.batches[step], strict=True)
        return {
            "post": padded(posts, self.meta["encoder_len"]),
            "response": padded(responses, self.meta["decoder_len"]),
            "emotion": tf.constant(emotions, tf.int32),
        }

    @property
    def decode_inputs(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Posts and requested emotions of all recorded decodes."""
        posts = padded([decode["post"] for decode in self.decodes], self.meta["encoder_len"])
        return posts, tf.constant([decode["emotion"] for decode in self.decodes], tf.int32)


def padded(rows: Sequence[Sequence[int]], length: int) -> tf.Tensor:
    """Returns int32 `(batch, length)`, padded with 0."""
    return tf.constant([[*row, *[0] * (length - len(row))] for row in rows], tf.int32)
