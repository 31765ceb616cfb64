"""Models and batches of the sizes for which the targets are set."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from ecm_tf.config import ModelConfig
from ecm_tf.core.errors import InputError
from ecm_tf.data.batches import training_batches
from ecm_tf.data.directory import DatasetDirectory
from ecm_tf.model import ECM
from ecm_tf.model.directory import save_model
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.emotions import DEFAULT
from ecm_tf.text.vocabulary import EOS, PAD, SPECIALS

WORDS_OF_EMOTION = 200
DRAWN = 51
"""Number of batches from which the one of median size is chosen."""


@dataclass(frozen=True)
class Sizes:
    """Sizes of a model and its batches; the defaults are the paper's."""

    vocabulary: int = 40_000
    size: int = 256
    batch: int = 128
    length: int = 20


QUICK = Sizes(vocabulary=500, size=16, batch=4, length=6)
MODULES = {"use_emb": True, "use_imemory": True, "use_ememory": True}


def model(
    sizes: Sizes,
    dtype: str = "float32",
    modules: dict[str, bool] | None = None,
    model_class: type[ECM] = ECM,
) -> ECM:
    """Returns a two-layer model with random weights; every emotion but the first has emotion words.

    Args:
        sizes: sizes of the model.
        dtype: name of a Keras dtype policy.
        modules: the emotion modules; all by default.
        model_class: the class of the model.
    """
    modules = MODULES if modules is None else modules
    bucket = (sizes.length, sizes.length)
    result = model_class(
        ModelConfig(
            sizes.vocabulary, sizes.vocabulary, 6, size=sizes.size, buckets=(bucket,), **modules
        ),
        dtype=dtype,
    )
    if modules.get("use_ememory"):
        words = np.zeros([6, sizes.vocabulary], np.float32)
        number = min(WORDS_OF_EMOTION, sizes.vocabulary // 10)
        for emotion in range(1, 6):
            words[emotion, 4 + emotion * number : 4 + (emotion + 1) * number] = 1
        result.set_emotion_words(words)
    return result


def model_directory(sizes: Sizes, directory: Path) -> Path:
    """Writes a model with random weights and whitespace segmentation; its words are `w4`, `w5`, ….

    Returns:
        `directory`.
    """
    words = [*SPECIALS, *(f"w{number}" for number in range(len(SPECIALS), sizes.vocabulary))]
    assets = TextAssets(words, words, DEFAULT, [[] for _ in DEFAULT], False, None)
    save_model(directory, model(sizes), assets, settings={}, counts={}, sources={})
    return directory


def full_batch(sizes: Sizes) -> dict[str, tf.Tensor]:
    """Returns a batch whose posts and responses have the maximum length."""
    return _batch(sizes, np.full([2, sizes.batch], sizes.length))


def real_batch(sizes: Sizes, dataset: Path | None = None) -> dict[str, tf.Tensor]:
    """Returns a batch with the lengths of short messages.

    Args:
        sizes: sizes of the batch.
        dataset: dataset directory that provides the lengths: those of the batch of median size
            among the first batches of training. `None` draws lengths uniformly from 1 to the
            maximum.
    """
    if dataset:
        return _batch(sizes, _median_lengths(sizes, dataset))
    rng = np.random.default_rng(1)
    lengths = rng.integers(1, sizes.length, [2, sizes.batch], endpoint=True)
    lengths[:, 0] = sizes.length
    return _batch(sizes, lengths)


def _median_lengths(sizes: Sizes, dataset: Path) -> np.ndarray:
    pairs = DatasetDirectory(dataset).manifest["counts"]["pairs"]["train"]
    config = ModelConfig(sizes.vocabulary, sizes.vocabulary, 6)
    drawn = training_batches(
        dataset, config, pairs=pairs, batch_size=sizes.batch, seed=0, epoch=0
    ).take(DRAWN)
    batches = [
        np.stack([np.count_nonzero(batch[side], axis=1) for side in ("post", "response")])
        for batch in drawn.as_numpy_iterator()
    ]
    full = [lengths for lengths in batches if lengths.shape[1] == sizes.batch]
    if not full:
        raise InputError(f"{dataset}: expected a batch of {sizes.batch} pairs, got smaller ones.")
    return sorted(full, key=lambda lengths: lengths[1].sum())[len(full) // 2]


def _batch(sizes: Sizes, lengths: np.ndarray) -> dict[str, tf.Tensor]:
    rng = np.random.default_rng(0)
    post, response = rng.integers(4, sizes.vocabulary, [2, sizes.batch, lengths.max()])
    positions = np.arange(lengths.max())
    post[positions >= lengths[0][:, None]] = PAD
    response[positions == lengths[1][:, None] - 1] = EOS
    response[positions >= lengths[1][:, None]] = PAD
    return {
        "post": tf.constant(post[:, : lengths[0].max()], tf.int32),
        "response": tf.constant(response[:, : lengths[1].max()], tf.int32),
        "emotion": tf.constant(rng.integers(0, 6, sizes.batch), tf.int32),
    }
