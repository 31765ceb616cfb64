"""Model directories: training writes them; evaluation, chat and export read them."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from ecm_tf.config import ModelConfig
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import read_manifest, verify_files, write_manifest
from ecm_tf.core.replacement import replaced_files
from ecm_tf.model import ECM
from ecm_tf.model.compact_weights import load_compact_weights
from ecm_tf.text.assets import TextAssets

CONFIG, WEIGHTS, ASSETS = "config.json", "model.weights.h5", "assets"
COMPACT_WEIGHTS = "model.weights.npz"
"""Instead of `WEIGHTS` in a released model; see `ecm_tf.model.compact_weights`."""


def new_model(
    config: ModelConfig, assets: TextAssets, model_class: type[ECM] = ECM, **kwargs: Any
) -> ECM:
    """Returns a model with initial weights and the emotion words of the text assets.

    Args:
        config: the model's configuration.
        assets: its vocabularies and emotion words.
        model_class: the class of the model.
        **kwargs: further arguments of `ECM`, such as `dtype`.
    """
    model = model_class(config, **kwargs)
    if config.use_ememory:
        model.set_emotion_words(np.array(assets.external_memory_mask, "float32"))
    return model


def save_model(
    directory: Path,
    model: ECM,
    assets: TextAssets,
    *,
    settings: dict[str, Any],
    counts: dict[str, Any],
    sources: dict[str, str],
) -> None:
    """Writes a complete model directory, or replaces the model in an existing one.

    The existing model can be loaded until the new one is complete, also if saving fails. Other
    files in the directory are kept. Weights are stored in float32, whatever the precision of
    training.

    Args:
        directory: model directory; created if absent.
        model: the model to save.
        assets: its vocabularies, tokenizer and emotion categories.
        settings, counts, sources: entries of the manifest.
    """
    float32_model = ECM(model.config, dtype="float32")
    float32_model.set_weights(model.get_weights())
    with replaced_files(directory) as staging:
        names = [f"{ASSETS}/{name}" for name in assets.save(staging / ASSETS)]
        model.config.save(staging / CONFIG)
        float32_model.save_weights(staging / WEIGHTS)
        write_manifest(
            staging,
            "model",
            files=[CONFIG, WEIGHTS, *names],
            settings=settings,
            counts=counts,
            sources=sources,
        )


def load_model(directory: Path) -> tuple[ECM, TextAssets]:
    """Loads the model, in float32, and the text assets of a model directory.

    The weights are those of the file that the manifest lists, `WEIGHTS` or `COMPACT_WEIGHTS`.

    Args:
        directory: a complete model directory.

    Raises:
        InputError: the directory is missing, incomplete, damaged or of another kind.
    """
    files = _verified_files(directory)
    assets = TextAssets.load(directory / ASSETS)
    config = ModelConfig.load(directory / CONFIG)
    model = ECM(config, dtype="float32")
    compact = COMPACT_WEIGHTS in files
    path = directory / (COMPACT_WEIGHTS if compact else WEIGHTS)
    try:
        if compact:
            load_compact_weights(path, model)
        else:
            model.load_weights(path)
    except (ValueError, OSError, KeyError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f"{path}: expected the weights that config.json describes; {reason}"
        ) from error
    return model, assets


def _verified_files(directory: Path) -> Collection[str]:
    """Returns the files of the manifest, whose digests are right.

    If training replaces manifest and files meanwhile, they are compared again.
    """
    manifest = read_manifest(directory, "model")
    try:
        verify_files(directory, manifest)
    except InputError:
        if read_manifest(directory, "model") == manifest:
            raise
        return _verified_files(directory)
    return manifest["files"]
