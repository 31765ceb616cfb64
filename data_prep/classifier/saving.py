"""Saving a trained network as a classifier directory, which `ecm_tf.text` reads."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from data_prep.classifier.features import Features
from data_prep.classifier.settings import ClassifierSettings
from ecm_tf.core.manifest import write_manifest
from ecm_tf.text.emotion_classifier import EMOTIONS_JSON, SAVED_MODEL
from ecm_tf.text.emotions import Emotions


class TextClassifier(tf.Module):
    """A classifier of raw texts.

    Args:
        features: converts texts to features.
        network: converts features to logits.
        temperature: divides the logits, see `calibration.fit_temperature`.
    """

    def __init__(self, features: Features, network: keras.Model, temperature: float = 1.0) -> None:
        super().__init__()
        self._features, self._network = features, network
        self._temperature = temperature

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")], autograph=False)
    def __call__(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns `probabilities` float32 `(batch, categories)` for string `(batch,)`."""
        logits = self._network(self._features(text).to_tensor(), training=False)
        return {"probabilities": tf.nn.softmax(logits / self._temperature)}


def save_classifier(
    directory: Path,
    classifier: TextClassifier,
    emotions: Emotions,
    settings: ClassifierSettings,
    counts: dict[str, Any],
    sources: dict[str, str],
) -> None:
    """Writes a classifier directory: `saved_model/`, `emotions.json`, `manifest.json`.

    Args:
        directory: an existing, empty directory.
        classifier: the classifier to save.
        emotions: its categories.
        settings: its training settings, for the manifest.
        counts: numbers of sentences, and the scores, for the manifest.
        sources: names and sha256 of the source files, for the manifest.
    """
    saved_model = directory / SAVED_MODEL
    tf.saved_model.save(
        classifier, str(saved_model), signatures={"serving_default": classifier.__call__}
    )
    emotions.save(directory / EMOTIONS_JSON)
    files = [path for path in directory.rglob("*") if path.is_file()]
    write_manifest(
        directory,
        "classifier",
        files=[str(path.relative_to(directory)) for path in files],
        settings=asdict(settings),
        counts=counts,
        sources=sources,
    )
