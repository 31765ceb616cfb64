"""Weights in float16 and int8."""

import json
import os

import keras
import numpy as np
import pytest
from random_weights import randomize

from ecm_tf.config import ModelConfig
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import sha256
from ecm_tf.model.compact_weights import load_compact_weights, save_compact_weights
from ecm_tf.model.directory import COMPACT_WEIGHTS, WEIGHTS, load_model, new_model, save_model
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.emotions import DEFAULT
from ecm_tf.text.vocabulary import SPECIALS

WORDS = [*SPECIALS, *(f"w{number}" for number in range(300))]
ASSETS = TextAssets(
    post_words=WORDS,
    response_words=WORDS,
    emotions=DEFAULT,
    external_memory=[[], ["w1", "w2"], [], ["w3"], [], ["w4"]],
    normalize_digits=True,
    tokenizer_model=None,
)
SIZES = {"size": 16, "embedding_size": 12, "emotion_size": 5, "imemory_size": 7}
CONFIG = ModelConfig(
    len(WORDS), len(WORDS), 6, use_emb=True, use_imemory=True, use_ememory=True, **SIZES
)


@pytest.fixture(scope="module")
def model():
    return randomize(new_model(CONFIG, ASSETS))


def compact(directory, model, dtype="int8"):
    """Writes a model directory whose weights are compact."""
    save_model(directory, model, ASSETS, settings={}, counts={}, sources={})
    (directory / WEIGHTS).unlink()
    save_compact_weights(directory / COMPACT_WEIGHTS, model, dtype)
    manifest = json.loads((directory / "manifest.json").read_text())
    del manifest["files"][WEIGHTS]
    (directory / "manifest.json").write_text(json.dumps(manifest))
    list_weights(directory)
    return directory


def list_weights(directory):
    """Writes the digest of the compact weights into the manifest."""
    manifest = json.loads((directory / "manifest.json").read_text())
    manifest["files"][COMPACT_WEIGHTS] = sha256(directory / COMPACT_WEIGHTS)
    (directory / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("dtype", ["float16", "int8"])
def test_a_model_directory_with_compact_weights(model, tmp_path, dtype):
    loaded, assets = load_model(compact(tmp_path / "model", model, dtype))
    assert (loaded.config, assets, loaded.compute_dtype) == (model.config, ASSETS, "float32")
    for weight, ours, theirs in zip(
        model.weights, model.get_weights(), loaded.get_weights(), strict=True
    ):
        assert theirs.dtype == np.float32
        error = np.abs(ours - theirs)
        if dtype == "int8" and ours.ndim == 2 and ours.size >= 1024:
            longest = int(np.argmax(ours.shape))
            bound = np.abs(ours).max(1 - longest, keepdims=True) / 254
            assert (error <= bound * 1.001).all(), weight.path
        else:
            assert (error <= np.abs(ours) * 2.0**-11 + 2.0**-25).all(), weight.path
    np.testing.assert_array_equal(
        loaded.vocabulary_output.emotion_words, model.vocabulary_output.emotion_words
    )


class OneWeight(keras.Model):
    """A model with one matrix."""

    def __init__(self, value):
        super().__init__(name="one")
        self.matrix = self.add_weight(shape=value.shape, name="matrix", initializer="zeros")
        self.matrix.assign(value)


@pytest.mark.parametrize(("dtype", "size"), [("float16", 2), ("int8", 1)])
def test_size_of_a_value(dtype, size, tmp_path):
    value = np.random.default_rng(0).normal(size=[2000, 100]).astype(np.float32)
    save_compact_weights(tmp_path / "w.npz", OneWeight(value), dtype)
    assert (tmp_path / "w.npz").stat().st_size < 1.06 * size * value.size


@pytest.mark.parametrize("shape", [(40, 30), (30, 40), (4, 40, 8)])
def test_each_index_of_the_longest_axis_has_its_scale(shape, tmp_path):
    longest = int(np.argmax(shape))
    others = tuple(axis for axis in range(len(shape)) if axis != longest)
    value = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    value *= 10.0 ** np.expand_dims(np.linspace(-6, 3, 40), others).astype(np.float32)
    value[tuple(7 if axis == longest else slice(None) for axis in range(len(shape)))] = 0
    save_compact_weights(tmp_path / "w.npz", OneWeight(value), "int8")
    loaded = OneWeight(np.zeros(shape, np.float32))
    load_compact_weights(tmp_path / "w.npz", loaded)
    bound = np.abs(value).max(others, keepdims=True) / 254
    assert not np.array_equal(loaded.matrix.numpy(), value)
    assert (np.abs(loaded.matrix.numpy() - value) <= bound * 1.001).all()


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1e6])
@pytest.mark.parametrize("dtype", ["float16", "int8"])
def test_weights_outside_float16_are_refused(wrong, dtype, tmp_path):
    value = np.full([40, 40], 0.5, np.float32)
    value[3, 4] = wrong
    with pytest.raises(InputError, match="one/matrix: expected finite weights"):
        save_compact_weights(tmp_path / "w.npz", OneWeight(value), dtype)
    assert not (tmp_path / "w.npz").exists()


def cut_off(path):
    os.truncate(path, path.stat().st_size // 2)


def another_model(path):
    other = ModelConfig(len(WORDS), len(WORDS), 6, **SIZES)
    save_compact_weights(path, new_model(other, ASSETS), "int8")


def other_sizes(path):
    other = ModelConfig(
        len(WORDS), len(WORDS), 6, use_emb=True, use_imemory=True, use_ememory=True, size=8
    )
    save_compact_weights(path, new_model(other, ASSETS), "int8")


def no_archive(path):
    with path.open("wb") as file:
        np.save(file, np.zeros(3))


def flipped_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize(
    "damage",
    [
        *(cut_off, another_model, other_sizes, no_archive, flipped_bit),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"PK\x03\x04 no archive"),
        lambda path: np.savez(path, weights=np.array([{}], dtype=object)),
    ],
)
def test_a_damaged_file_is_reported_in_one_sentence(model, tmp_path, damage):
    directory = compact(tmp_path / "model", model)
    damage(directory / COMPACT_WEIGHTS)
    with pytest.raises(InputError, match=r"model\.weights\.npz: changed since its manifest"):
        load_model(directory)
    list_weights(directory)
    with pytest.raises(InputError, match=r"model\.weights\.npz: expected the weights") as caught:
        load_model(directory)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400, str(caught.value)


def test_a_missing_file_is_reported(model, tmp_path):
    directory = compact(tmp_path / "model", model)
    (directory / COMPACT_WEIGHTS).unlink()
    with pytest.raises(InputError, match=r"model\.weights\.npz is in the manifest but not in"):
        load_model(directory)
