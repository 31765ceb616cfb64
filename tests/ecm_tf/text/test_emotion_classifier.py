import shutil

import numpy as np
import pytest
import tensorflow as tf

from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import write_manifest
from ecm_tf.text.emotion_classifier import (
    EMOTIONS_JSON,
    SAVED_MODEL,
    TEXTS_PER_BATCH,
    EmotionClassifier,
)
from ecm_tf.text.emotions import Emotion, Emotions

EMOTIONS = Emotions([Emotion("calm", "平静"), Emotion("glad", "高兴", ("joy",))])


class FakeModel(tf.Module):
    """Computes probabilities from the number of bytes; counts batches."""

    def __init__(self) -> None:
        super().__init__()
        self.batches = tf.Variable(0)
        self.largest = tf.Variable(0)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")], autograph=False)
    def __call__(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        self.batches.assign_add(1)
        self.largest.assign(tf.maximum(self.largest, tf.size(text)))
        share = 1 / (1 + tf.cast(tf.strings.length(text), tf.float32))
        return {"probabilities": tf.stack([share, 1 - share], axis=1)}


@pytest.fixture(scope="module")
def classifier_directory(tmp_path_factory):
    directory = tmp_path_factory.mktemp("classifier")
    fake = FakeModel()
    signatures = {"serving_default": fake.__call__}
    tf.saved_model.save(fake, str(directory / SAVED_MODEL), signatures=signatures)
    EMOTIONS.save(directory / EMOTIONS_JSON)
    finish(directory)
    return directory


@pytest.fixture
def copied(classifier_directory, tmp_path):
    return shutil.copytree(classifier_directory, tmp_path / "copy")


def finish(directory, kind="classifier") -> None:
    files = [str(p.relative_to(directory)) for p in directory.rglob("*") if p.is_file()]
    files = [name for name in files if name != "manifest.json"]
    write_manifest(directory, kind, files=files, settings={}, counts={}, sources={})


def expected(texts) -> np.ndarray:
    share = np.array([1 / (1 + len(text.encode())) for text in texts]).reshape(-1)
    return np.stack([share, 1 - share], axis=1)


def test_emotions_are_read_from_the_directory(classifier_directory):
    assert EmotionClassifier(classifier_directory).emotions == EMOTIONS


@pytest.mark.parametrize("texts", [[], [""], ["今天", "", "a b", "😀" * 30, "今天"]])
def test_probabilities(classifier_directory, texts):
    probabilities = EmotionClassifier(classifier_directory).probabilities(texts)
    assert probabilities.dtype == np.float32
    assert probabilities.shape == (len(texts), 2)
    np.testing.assert_allclose(probabilities, expected(texts), atol=1e-6)


def test_order_is_kept_over_batches(classifier_directory):
    lengths = np.random.default_rng(0).integers(0, 50, 2 * TEXTS_PER_BATCH + 3)
    texts = tuple("a" * length for length in lengths)
    classifier = EmotionClassifier(classifier_directory)
    np.testing.assert_allclose(classifier.probabilities(texts), expected(texts), atol=1e-6)
    assert (int(classifier.model.batches), int(classifier.model.largest)) == (3, TEXTS_PER_BATCH)


def test_missing_or_unfinished_directory(copied, tmp_path):
    with pytest.raises(InputError, match="no such directory; expected a classifier"):
        EmotionClassifier(tmp_path / "nothing")
    (copied / "manifest.json").unlink()
    with pytest.raises(InputError, match="expected a finished classifier directory"):
        EmotionClassifier(copied)


@pytest.mark.parametrize("name", [EMOTIONS_JSON, f"{SAVED_MODEL}/saved_model.pb"])
def test_changed_or_missing_file(copied, name):
    with (copied / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(InputError, match=f"{name}: changed since its manifest was written"):
        EmotionClassifier(copied)
    (copied / name).unlink()
    with pytest.raises(InputError, match=f"{name} is in the manifest but not in the directory"):
        EmotionClassifier(copied)


def test_directory_of_another_kind(copied):
    finish(copied, "model")
    with pytest.raises(InputError, match="expected kind 'classifier', format version 1; got 'mod"):
        EmotionClassifier(copied)
