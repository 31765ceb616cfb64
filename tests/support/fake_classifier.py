"""A classifier directory made without training: the length of a text tells its emotion."""

import tensorflow as tf

from ecm_tf.core.manifest import write_manifest
from ecm_tf.text.emotion_classifier import EMOTIONS_JSON, SAVED_MODEL
from ecm_tf.text.emotions import DEFAULT, Emotions

SURE = 0.9


def probabilities(text, categories=6):
    """The probabilities that the classifier predicts, in Python."""
    predicted = len(text) % categories
    return [SURE if e == predicted else (1 - SURE) / (categories - 1) for e in range(categories)]


class _LengthClassifier(tf.Module):
    def __init__(self, categories):
        super().__init__()
        self._categories = categories

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")], autograph=False)
    def __call__(self, text):
        predicted = tf.strings.length(text, unit="UTF8_CHAR") % self._categories
        low = (1 - SURE) / (self._categories - 1)
        return {"probabilities": tf.one_hot(predicted, self._categories, SURE, low)}


def make(directory, emotions: Emotions = DEFAULT):
    """Writes the directory and returns it."""
    classifier = _LengthClassifier(len(emotions))
    signatures = {"serving_default": classifier.__call__}
    tf.saved_model.save(classifier, str(directory / SAVED_MODEL), signatures=signatures)
    emotions.save(directory / EMOTIONS_JSON)
    files = [str(p.relative_to(directory)) for p in directory.rglob("*") if p.is_file()]
    write_manifest(directory, "classifier", files=files, settings={}, counts={}, sources={})
    return directory
