"""An emotion classifier as others use it: a directory in, probabilities of texts out.

`data_prep classifier train` makes such directories; labelling a corpus and judging replies read
them. Inside is a SavedModel with the tokenizer in its graph.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_text  # noqa: F401  (its operations are inside the SavedModel)

from ecm_tf.core.command import suppress_native_stderr
from ecm_tf.core.manifest import read_manifest, verify_files
from ecm_tf.text.emotions import Emotions

EMOTIONS_JSON, SAVED_MODEL = "emotions.json", "saved_model"
BATCH = 256
"""Texts that go through the model together; they are of similar length."""


class EmotionClassifier:
    """Tells the emotion of texts.

    Args:
        directory: a classifier directory.

    Attributes:
        emotions: the categories that it tells apart.
        model: the loaded SavedModel.

    Raises:
        InputError: it is no finished classifier directory, or it was changed.
    """

    def __init__(self, directory: Path) -> None:
        manifest = read_manifest(directory, "classifier")
        verify_files(directory, manifest)
        self.emotions = Emotions.load(directory / EMOTIONS_JSON)
        # SentencePiece remarks on stderr that there is nothing to normalise.
        with suppress_native_stderr():
            self.model = tf.saved_model.load(str(directory / SAVED_MODEL))
        self._signature = self.model.signatures["serving_default"]

    def log_probabilities(self, texts: tf.Tensor) -> tf.Tensor:
        """The logarithms of `probabilities`, as graph code.

        Args:
            texts: string `(batch,)`.

        Returns:
            float32 `(batch, categories)`, in nats; -87 stands for less than float32 can tell.
        """
        probabilities = self._signature(text=texts)["probabilities"]
        return tf.math.log(tf.maximum(probabilities, np.finfo(np.float32).tiny))

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """The probability of every category, for each text.

        Args:
            texts: raw or split by spaces; the empty text is answered too.

        Returns:
            float32 `(texts, categories)`, rows sum to 1.
        """
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        probabilities = np.empty([len(texts), len(self.emotions)], np.float32)
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            batch = tf.constant([texts[place] for place in places], tf.string)
            probabilities[places] = self._signature(text=batch)["probabilities"].numpy()
        return probabilities
