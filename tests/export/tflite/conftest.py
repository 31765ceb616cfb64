"""A model wide enough to be quantised, and its TensorFlow Lite files of every scheme."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from random_weights import randomize

from ecm_tf.decoding.search import Search
from ecm_tf.inference.responder import Responder
from ecm_tf.model.directory import load_model, new_model, save_model
from export.tflite.conversion import convert
from export.tflite.files import IDS, SCHEMES, PostShape

WIDE = {
    "size": 48,
    "embedding_size": 40,
    "emotion_size": 8,
    "imemory_size": 16,
    "buckets": [[8, 6], [16, 8]],
}
"""Wide enough for the converter to quantise the weights; short buckets keep the tests fast."""


@pytest.fixture(scope="session")
def save_random_model():
    """`save_random_model(directory, assets, config)`: a model directory with varied replies."""

    def save(directory, assets, config):
        model = randomize(new_model(config, assets), seed=3, scale=0.4)
        save_model(directory, model, assets, settings={}, counts={}, sources={})
        return directory

    return save


@pytest.fixture(scope="session")
def wide_dir(model_dir, save_random_model, tmp_path_factory):
    model, assets = load_model(model_dir)
    config = dataclasses.replace(model.config, **WIDE)
    return save_random_model(tmp_path_factory.mktemp("wide") / "model", assets, config)


@pytest.fixture(scope="session")
def wide_responder(wide_dir):
    return Responder(*load_model(wide_dir))


@pytest.fixture(scope="session")
def converted(wide_dir, tmp_path_factory):
    """A directory of TensorFlow Lite files for every scheme, which tests must not change."""
    parent = tmp_path_factory.mktemp("tflite")
    return {scheme: convert(wide_dir, parent / scheme, scheme) for scheme in SCHEMES}


@pytest.fixture(scope="session")
def fixed_shapes(wide_dir, tmp_path_factory):
    """An `ids.tflite` that takes four posts of sixteen tokens."""
    output = tmp_path_factory.mktemp("fixed") / "tflite"
    return convert(wide_dir, output, files=[IDS], shape=PostShape(4, 16)) / IDS


@pytest.fixture(scope="session")
def greedy_replies(wide_responder):
    """`greedy_replies(posts)`: greedy replies to each post in every emotion, and their texts."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    def graph(posts):
        emotion = tf.tile(tf.range(6), [tf.size(posts)])
        replies = wide_responder.replies(tf.repeat(posts, 6), emotion, Search())
        best = tf.nest.map_structure(lambda entry: entry[:, 0], replies)
        return best, wide_responder.texts(best)

    def replies_and_texts(posts):
        replies, texts = graph(tf.constant(posts, tf.string))
        return tf.nest.map_structure(np.asarray, replies), texts.numpy().tolist()

    return replies_and_texts
