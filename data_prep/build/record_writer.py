"""Writes staging files as sharded TFRecords and counts what they contain."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

from data_prep.corpus.staging import StagingFiles
from ecm_tf.data.records import serialize_pair
from ecm_tf.text.processor import TextProcessor
from ecm_tf.text.vocabulary import UNK

SIDES = ("post", "response")


class SplitCounts:
    """Counts of a split.

    Attributes:
        emotions: int64 `(categories,)`, pairs per category of the response.
        tokens: number of tokens by side, `post` and `response`.
        unknown: number of UNK tokens by side.
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
        """Fraction of tokens that are in the vocabulary, by side; `None` without tokens."""
        return {
            side: round(1 - self.unknown[side] / self.tokens[side], 6)
            if self.tokens[side]
            else None
            for side in SIDES
        }


def write_split(
    staging: StagingFiles,
    split: str,
    directory: Path,
    processor: TextProcessor,
    pairs_per_shard: int,
) -> tuple[SplitCounts, list[str]]:
    """Writes `SPLIT-00000.tfrecord`, `-00001`, …; the first file is written even if it is empty.

    Args:
        staging: the staging files.
        split: name of the split.
        directory: where to write the files.
        processor: converts texts to token ids.
        pairs_per_shard: maximum number of pairs per file.

    Returns:
        The counts of the split, and the names of the files.
    """
    counts = SplitCounts(len(processor.assets.emotions))
    with ShardWriter(directory, split, pairs_per_shard) as writer:
        for batch in staging.batches(split, f"writing {split}", lambda row: _ids(row, processor)):
            counts.add(batch)
            for record in _records(batch):
                writer.write(record)
    return counts, writer.names


class ShardWriter:
    """Writes records to numbered files with a fixed maximum number of records each.

    Args:
        directory: where to write the files.
        split: prefix of the file names.
        size: records per file, at least 1.

    Attributes:
        names: names of the files so far.
    """

    def __init__(self, directory: Path, split: str, size: int) -> None:
        self._directory, self._split, self._size = directory, split, size
        self.names: list[str] = []
        self._open_next()

    def write(self, record: bytes) -> None:
        """Writes a serialized record."""
        if self._remaining == 0:
            self._file.close()
            self._open_next()
        self._file.write(record)
        self._remaining -= 1

    def _open_next(self) -> None:
        self.names.append(f"{self._split}-{len(self.names):05d}.tfrecord")
        self._file = tf.io.TFRecordWriter(str(self._directory / self.names[-1]))
        self._remaining = self._size

    def __enter__(self) -> "ShardWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _ids(row: dict[str, tf.Tensor], processor: TextProcessor) -> dict[str, tf.Tensor]:
    """Converts a batch of texts to token ids: flat vectors with row splits."""
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
    """Serializes the pairs of a batch of `_ids`."""
    # Plain Python objects are much faster to serialize than NumPy scalars.
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
