"""Pass 3: spools → sharded TFRecords, counted while they are written."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

from data_prep.corpus.staging import Spools
from ecm_tf.data.records import serialize_pair
from ecm_tf.text.processor import TextProcessor
from ecm_tf.text.vocabulary import UNK

SIDES = ("post", "response")


class SplitCounts:
    """What a split holds.

    Attributes:
        emotions: pairs of each category.
        tokens: tokens of posts and of responses.
        unknown: how many of them are UNK.
    """

    def __init__(self, categories: int) -> None:
        self.emotions = np.zeros(categories, np.int64)
        self.tokens = dict.fromkeys(SIDES, 0)
        self.unknown = dict.fromkeys(SIDES, 0)

    def add(self, batch: dict[str, np.ndarray]) -> None:
        """Counts a batch of `_ids`."""
        self.emotions += np.bincount(batch["emotion"], minlength=len(self.emotions))
        for side in SIDES:
            self.tokens[side] += batch[side].size
            self.unknown[side] += int(np.count_nonzero(batch[side] == UNK))

    @property
    def coverage(self) -> dict[str, float | None]:
        """The share of tokens that the vocabulary has, per side; `None` without tokens."""
        return {
            side: round(1 - self.unknown[side] / self.tokens[side], 6)
            if self.tokens[side]
            else None
            for side in SIDES
        }


def write_split(
    spools: Spools, split: str, directory: Path, processor: TextProcessor, pairs_per_shard: int
) -> tuple[SplitCounts, list[str]]:
    """Writes `directory/SPLIT-00000.tfrecord`, `-00001`, …; the first exists even if empty.

    Returns:
        What the split holds, and the names of the files.
    """
    counts = SplitCounts(len(processor.assets.emotions))
    with ShardWriter(directory, split, pairs_per_shard) as writer:
        for batch in spools.batches(split, f"writing {split}", lambda row: _ids(row, processor)):
            counts.add(batch)
            for record in _records(batch):
                writer.write(record)
    return counts, writer.names


class ShardWriter:
    """Writes records into files of a fixed number each.

    Args:
        directory: where.
        split: how file names begin.
        size: records per file, at least 1.
    """

    def __init__(self, directory: Path, split: str, size: int) -> None:
        self._directory, self._split, self._size = directory, split, size
        self.names: list[str] = []
        self._open_next()

    def write(self, record: bytes) -> None:
        """Appends a record."""
        if self._room == 0:
            self._file.close()
            self._open_next()
        self._file.write(record)
        self._room -= 1

    def _open_next(self) -> None:
        self.names.append(f"{self._split}-{len(self.names):05d}.tfrecord")
        self._file = tf.io.TFRecordWriter(str(self._directory / self.names[-1]))
        self._room = self._size

    def __enter__(self) -> "ShardWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _ids(row: dict[str, tf.Tensor], processor: TextProcessor) -> dict[str, tf.Tensor]:
    """Spool columns → ids, all examples' in one vector beside their lengths."""
    post, response = processor.post_ids(row["post"]), processor.response_ids(row["response"])
    return {
        "post": post.values,
        "post_splits": post.row_splits,
        "response": response.values,
        "response_splits": response.row_splits,
        "emotion": tf.strings.to_number(row["emotion"], tf.int32),
        "post_emotion": row["post_emotion"],
        "post_text": row["post"],
        "response_text": row["response"],
    }


def _records(batch: dict[str, np.ndarray]) -> Iterator[bytes]:
    """Serializes a batch of `_ids`."""
    # Lists, because their elements are plain Python objects: far faster than NumPy scalars.
    columns = {name: column.tolist() for name, column in batch.items()}
    post, response = columns["post"], columns["response"]
    post_splits, response_splits = columns["post_splits"], columns["response_splits"]
    for i, emotion in enumerate(columns["emotion"]):
        post_emotion = columns["post_emotion"][i]
        yield serialize_pair(
            post=post[post_splits[i] : post_splits[i + 1]],
            response=response[response_splits[i] : response_splits[i + 1]],
            emotion=emotion,
            post_emotion=int(post_emotion) if post_emotion else None,
            post_text=columns["post_text"][i],
            response_text=columns["response_text"][i],
        )
