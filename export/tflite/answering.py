"""Text-to-text replies with either TensorFlow Lite file."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ecm_tf.config import ModelConfig
from ecm_tf.inference.word_segmentation import as_segmented
from ecm_tf.model.directory import CONFIG
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.processor import TextProcessor
from export.tflite.files import TEXT
from export.tflite.interpreter import Interpreter


def answer(
    file: Path, assets: TextAssets, posts: Sequence[str], emotions: Sequence[int]
) -> list[list[str]]:
    """Returns one reply to each post in each emotion.

    `text.tflite` processes the text itself; for `ids.tflite`, `TextProcessor` converts it. Chinese
    posts to a model of split text are split into words first.

    Args:
        file: path returned by `export.tflite.files.locate`.
        assets: text assets in its directory.
        posts: raw texts, at least one.
        emotions: emotion ids, at least one.

    Returns:
        Reply texts, indexed by post and then by emotion.
    """
    interpreter = Interpreter(file)
    emotion = np.tile(emotions, len(posts))
    texts = as_segmented(posts, assets.segmenter)
    raw = [post.encode() for post in texts for _ in emotions]
    if file.name == TEXT:
        replies = interpreter(raw, emotion)["response"]
    else:
        config = ModelConfig.load(file.parent / CONFIG)
        text = TextProcessor(assets)
        ids = text.post_matrix(raw, config.min_post_length, config.max_post_length).numpy()
        outputs = interpreter(ids, emotion)
        replies = text.response_text(outputs["ids"], outputs["lengths"]).numpy()
    return [[reply.decode() for reply in row] for row in np.reshape(replies, [len(posts), -1])]
