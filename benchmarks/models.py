"""Models and batches at the sizes that the targets are about."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from ecm_tf.config import ModelConfig
from ecm_tf.model import ECM
from ecm_tf.vocabulary import EOS, PAD

WORDS_OF_EMOTION = 200


@dataclass(frozen=True)
class Sizes:
    """Of a model and its batches; the defaults are the paper's."""

    vocabulary: int = 40_000
    size: int = 256
    batch: int = 128
    length: int = 20


QUICK = Sizes(vocabulary=500, size=16, batch=4, length=6)
MODULES = {"use_emb": True, "use_imemory": True, "use_ememory": True}


def model(sizes: Sizes, dtype: str = "float32", modules: dict[str, bool] | None = None) -> ECM:
    """A model with random weights; two layers, each emotion but the first with words of its own.

    Args:
        sizes: its sizes.
        dtype: a Keras policy.
        modules: which emotion modules it has; all by default.
    """
    modules = MODULES if modules is None else modules
    bucket = (sizes.length, sizes.length)
    made = ECM(
        ModelConfig(
            sizes.vocabulary, sizes.vocabulary, 6, size=sizes.size, buckets=(bucket,), **modules
        ),
        dtype=dtype,
    )
    if modules.get("use_ememory"):
        words = np.zeros([6, sizes.vocabulary], np.float32)
        own = min(WORDS_OF_EMOTION, sizes.vocabulary // 10)
        for emotion in range(1, 6):
            words[emotion, 4 + emotion * own : 4 + (emotion + 1) * own] = 1
        made.set_emotion_words(words)
    return made


def full_batch(sizes: Sizes) -> dict[str, tf.Tensor]:
    """Posts and responses that fill their bucket."""
    return _batch(sizes, np.full([2, sizes.batch], sizes.length))


def real_batch(sizes: Sizes) -> dict[str, tf.Tensor]:
    """Lengths as short messages have them: half of the positions of the longest, on average."""
    chance = np.random.default_rng(1)
    lengths = chance.integers(1, sizes.length, [2, sizes.batch])
    lengths[:, 0] = sizes.length
    return _batch(sizes, lengths)


def _batch(sizes: Sizes, lengths: np.ndarray) -> dict[str, tf.Tensor]:
    chance = np.random.default_rng(0)
    post, response = chance.integers(4, sizes.vocabulary, [2, sizes.batch, sizes.length])
    positions = np.arange(sizes.length)
    post[positions >= lengths[0][:, None]] = PAD
    response[positions == lengths[1][:, None] - 1] = EOS
    response[positions >= lengths[1][:, None]] = PAD
    return {
        "post": tf.constant(post, tf.int32),
        "response": tf.constant(response, tf.int32),
        "emotion": tf.constant(chance.integers(0, 6, sizes.batch), tf.int32),
    }
