"""Computation of a batch in parts."""

import json

import numpy as np
import pytest
import tensorflow as tf

from export.saved_model.model_info import MODEL_INFO
from export.saved_model.parts import in_parts

SPECS = [tf.TensorSpec([None], tf.string, "post"), tf.TensorSpec([None], tf.int32, "emotion")]


@pytest.mark.parametrize("rows", [1, 3, 100])
def test_parts_give_the_results_of_the_whole_batch(rows):
    largest = tf.Variable(0)

    def function(post, emotion):
        largest.assign(tf.maximum(largest, tf.shape(post)[0]))
        return {
            "text": tf.strings.join([post, "!"]),
            "matrix": tf.cast(emotion, tf.float32)[:, None] * tf.constant([[1.0, 2.0]]),
        }

    compute = tf.function(in_parts(function, SPECS, rows), input_signature=SPECS, autograph=False)
    assert compute.get_concrete_function().structured_outputs["matrix"].shape == [None, 2]
    for batch in (0, 1, 3, 7):
        largest.assign(0)
        posts = [f"帖子{row}" for row in range(batch)]
        outputs = compute(tf.constant(posts, tf.string, [batch]), tf.range(batch, dtype=tf.int32))
        assert [text.decode() for text in outputs["text"].numpy()] == [f"{p}!" for p in posts]
        np.testing.assert_array_equal(
            outputs["matrix"], np.arange(batch)[:, None] * np.array([[1.0, 2.0]])
        )
        assert largest.numpy() == min(rows, batch)


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ([1, 1, 1, 1, 1, 1, 1], [4, 3]),
        ([1, 3, 1, 1, 1, 1, 1], [2, 4, 1]),
        ([3, 3, 1, 9, 1, 2, 1], [1, 2, 1, 3]),
        ([9], [1]),
        ([], [0]),
    ],
)
def test_rows_count_by_their_weights(weights, expected):
    """A part has as many rows as fit into four."""
    sizes = tf.Variable([], shape=[None], dtype=tf.int32)

    def function(post, emotion):
        sizes.assign(tf.concat([sizes, [tf.shape(post)[0]]], 0))
        return {"text": post, "weight": emotion}

    compute = tf.function(
        in_parts(function, SPECS, 4, lambda post, emotion: emotion),
        input_signature=SPECS,
        autograph=False,
    )
    posts = [f"帖子{row}".encode() for row in range(len(weights))]
    batch = (tf.constant(posts, tf.string, [len(posts)]), tf.constant(weights, tf.int32))
    compute.get_concrete_function()
    sizes.assign([])
    outputs = compute(*batch)
    assert outputs["text"].numpy().tolist() == posts
    assert outputs["weight"].numpy().tolist() == weights
    assert sizes.numpy().tolist() == expected


def test_export_records_its_hypotheses_per_post(exported_base):
    info = json.loads((exported_base / "1" / MODEL_INFO).read_text(encoding="utf-8"))
    assert info["hypotheses_per_post"] == {
        "serving_default": 1,
        "all_emotions": 6,
        "n_best": 4,
        "explain": 1,
    }
