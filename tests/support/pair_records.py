"""Writes TFRecord files of pairs that a test defines."""

from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf

from ecm_tf.data.records import serialize_pair


def write(
    directory: Path,
    pairs: Sequence[tuple[list[int], list[int], int]],
    split: str = "train",
    files: int = 2,
) -> Path:
    """Writes `(post, response, emotion)` triples in order and returns the directory."""
    directory.mkdir(exist_ok=True)
    pairs_per_file = -(-len(pairs) // files)
    for number in range(files):
        path = directory / f"{split}-{number:05d}-of-{files:05d}.tfrecord"
        with tf.io.TFRecordWriter(str(path)) as writer:
            first = number * pairs_per_file
            for post, response, emotion in pairs[first : first + pairs_per_file]:
                writer.write(
                    serialize_pair(
                        post=post,
                        response=response,
                        emotion=emotion,
                        post_emotion=None,
                        post_text=b"",
                        response_text=b"",
                    )
                )
    return directory
