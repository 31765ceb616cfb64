"""A trained emotion classifier, loaded from its directory.

`data_prep classifier train` writes such directories. They are used to label corpora, to rerank
candidates and to evaluate replies. The SavedModel in a directory includes the tokenizer.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_text  # noqa: F401  (registers operations of the SavedModel)

from ecm_tf.core.manifest import read_manifest, verify_files
from ecm_tf.core.native_stderr import suppress_native_stderr
from ecm_tf.text.batching import batches_by_length
from ecm_tf.text.emotions import Emotions

EMOTIONS_JSON, SAVED_MODEL = "emotions.json", "saved_model"
TEXTS_PER_BATCH = 256


class EmotionClassifier:
    """Predicts the emotion of texts.

    Args:
        directory: a classifier directory.

    Attributes:
        emotions: the categories that it predicts.
        model: the loaded SavedModel.

    Raises:
        InputError: it is not a finished classifier directory, or its files have changed.
    """

    def __init__(self, directory: Path) -> None:
        manifest = read_manifest(directory, "classifier")
        verify_files(directory, manifest)
        self.emotions = Emotions.load(directory / EMOTIONS_JSON)
        # SentencePiece prints to stderr that the model has no normalization rules.
        with suppress_native_stderr():
            self.model = tf.saved_model.load(str(directory / SAVED_MODEL))
        self._signature = self.model.signatures["serving_default"]

    def log_probabilities(self, texts: tf.Tensor) -> tf.Tensor:
        """Returns the logarithms of the predicted probabilities; can be part of a graph.

        Args:
            texts: string `(batch,)`.

        Returns:
            float32 `(batch, categories)`, in nats, at least -87 (the smallest normal float32).
        """
        probabilities = self._signature(text=texts)["probabilities"]
        return tf.math.log(tf.maximum(probabilities, np.finfo(np.float32).tiny))

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Returns the predicted probability of every category for each text.

        Args:
            texts: raw or split by spaces; a text may be empty.

        Returns:
            float32 `(texts, categories)`; rows sum to 1.
        """
        probabilities = np.empty([len(texts), len(self.emotions)], np.float32)
        for indices in batches_by_length(texts, TEXTS_PER_BATCH):
            batch = tf.constant([texts[index] for index in indices], tf.string)
            probabilities[indices] = self._signature(text=batch)["probabilities"].numpy()
        return probabilities
