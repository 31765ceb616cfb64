"""A classifier directory as others use it, made here without training one."""

import shutil

import numpy as np
import pytest
import tensorflow as tf

from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import write_manifest
from ecm_tf.text.emotion_classifier import BATCH, EMOTIONS_JSON, SAVED_MODEL, EmotionClassifier
from ecm_tf.text.emotions import Emotion, Emotions

EMOTIONS = Emotions([Emotion("calm", "平静"), Emotion("glad", "高兴", ("joy",))])


class Fake(tf.Module):
    """How many bytes a text has tells its probabilities; counts texts and batches."""

    def __init__(self) -> None:
        super().__init__()
        self.batches = tf.Variable(0)
        self.largest = tf.Variable(0)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def __call__(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        self.batches.assign_add(1)
        self.largest.assign(tf.maximum(self.largest, tf.size(text)))
        share = 1 / (1 + tf.cast(tf.strings.length(text), tf.float32))
        return {"probabilities": tf.stack([share, 1 - share], axis=1)}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    directory = tmp_path_factory.mktemp("made")
    fake = Fake()
    signatures = {"serving_default": fake.__call__}
    tf.saved_model.save(fake, str(directory / SAVED_MODEL), signatures=signatures)
    EMOTIONS.save(directory / EMOTIONS_JSON)
    finish(directory)
    return directory


@pytest.fixture
def copied(made, tmp_path):
    return shutil.copytree(made, tmp_path / "copy")


def finish(directory, kind="classifier") -> None:
    files = [str(p.relative_to(directory)) for p in directory.rglob("*") if p.is_file()]
    files = [name for name in files if name != "manifest.json"]
    write_manifest(directory, kind, files=files, settings={}, counts={}, sources={})


def expected(texts) -> np.ndarray:
    share = np.array([1 / (1 + len(text.encode())) for text in texts]).reshape(-1)
    return np.stack([share, 1 - share], axis=1)


def test_the_categories_are_the_directorys(made):
    assert EmotionClassifier(made).emotions == EMOTIONS


@pytest.mark.parametrize("texts", [[], [""], ["今天", "", "a b", "😀" * 30, "今天"]])
def test_every_text_gets_its_row(made, texts):
    probabilities = EmotionClassifier(made).probabilities(texts)
    assert probabilities.dtype == np.float32
    assert probabilities.shape == (len(texts), 2)
    np.testing.assert_allclose(probabilities, expected(texts), atol=1e-6)


def test_many_texts_keep_their_order_over_batches(made):
    lengths = np.random.default_rng(0).integers(0, 50, 2 * BATCH + 3)
    texts = tuple("a" * length for length in lengths)
    classifier = EmotionClassifier(made)
    np.testing.assert_allclose(classifier.probabilities(texts), expected(texts), atol=1e-6)
    assert (int(classifier.model.batches), int(classifier.model.largest)) == (3, BATCH)


def test_a_missing_or_unfinished_directory_is_refused(copied, tmp_path):
    with pytest.raises(InputError, match="no such directory; expected a classifier"):
        EmotionClassifier(tmp_path / "nothing")
    (copied / "manifest.json").unlink()
    with pytest.raises(InputError, match="expected a finished classifier directory"):
        EmotionClassifier(copied)


@pytest.mark.parametrize("name", [EMOTIONS_JSON, f"{SAVED_MODEL}/saved_model.pb"])
def test_a_changed_or_missing_file_is_refused(copied, name):
    with (copied / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(InputError, match=f"{name}: changed since its manifest was written"):
        EmotionClassifier(copied)
    (copied / name).unlink()
    with pytest.raises(InputError, match=f"{name} is in the manifest but not in the directory"):
        EmotionClassifier(copied)


def test_another_kind_of_directory_is_refused(copied):
    finish(copied, "model")
    with pytest.raises(InputError, match="expected kind 'classifier', format version 1; got 'mod"):
        EmotionClassifier(copied)
