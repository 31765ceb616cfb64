"""Writes staging files as TFRecord files, in parallel, and counts what they contain."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import tensorflow as tf

from data_prep.corpus.splits import SPLITS
from data_prep.corpus.staging import Lines, StagingFiles
from data_prep.corpus.staging_batches import BatchReader
from data_prep.execution.executor import Advance, Executor
from data_prep.execution.progress import progress_bar
from data_prep.execution.whole_files import whole_file
from ecm_tf.core.manifest import sha256
from ecm_tf.data.records import serialize_pair
from ecm_tf.text.assets import TextAssets
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

    def merge(self, other: "SplitCounts") -> None:
        """Adds the counts of other pairs."""
        self.emotions += other.emotions
        for side in SIDES:
            self.tokens[side] += other.tokens[side]
            self.unknown[side] += other.unknown[side]

    @property
    def coverage(self) -> dict[str, float | None]:
        """Fraction of tokens that are in the vocabulary, by side; `None` without tokens."""
        return {
            side: round(1 - self.unknown[side] / self.tokens[side], 6)
            if self.tokens[side]
            else None
            for side in SIDES
        }


@dataclass(frozen=True)
class RecordFile:
    """A TFRecord file to write.

    Attributes:
        split: its split.
        name: its name.
        lines: its pairs.
    """

    split: str
    name: str
    lines: Sequence[Lines]


def write_records(
    staging: StagingFiles,
    directory: Path,
    assets: TextAssets,
    pairs_per_shard: int,
    *,
    temporary_directory: Path,
    executor: Executor,
) -> tuple[dict[str, SplitCounts], dict[str, str]]:
    """Writes `SPLIT-00000.tfrecord`, `-00001`, … for each split; the first even if it is empty.

    Args:
        staging: the staging files.
        directory: where to write the files.
        assets: convert texts to token ids.
        pairs_per_shard: maximum number of pairs per file.
        temporary_directory: where the files are until they are complete.
        executor: writes the files.

    Returns:
        The counts of each split, and the SHA-256 of each file.
    """
    files = [
        RecordFile(split, f"{split}-{number:05d}.tfrecord", lines)
        for split in SPLITS
        for number, lines in enumerate(staging.ranges(split, pairs_per_shard))
    ]
    make = partial(_RecordWriter, directory, temporary_directory, assets, executor.threads)
    totals = {split: SplitCounts(len(assets.emotions)) for split in SPLITS}
    digests = {}
    with progress_bar("writing", sum(staging.pairs.values())) as bar:
        for file, (counts, digest) in zip(
            files, executor.map(make, files, bar.update), strict=True
        ):
            totals[file.split].merge(counts)
            digests[file.name] = digest
    return totals, digests


class _RecordWriter:
    """Writes TFRecord files, one per call."""

    def __init__(
        self, directory: Path, temporary_directory: Path, assets: TextAssets, threads: int
    ) -> None:
        self._directory, self._temporary_directory = directory, temporary_directory
        self._categories = len(assets.emotions)
        processor = TextProcessor(assets)
        self._batches = BatchReader(lambda row: _ids(row, processor), threads)

    def __call__(self, file: RecordFile, advance: Advance) -> tuple[SplitCounts, str]:
        """Returns the counts of the file's pairs, and its SHA-256."""
        counts = SplitCounts(self._categories)
        with (
            whole_file(self._directory / file.name, self._temporary_directory) as path,
            tf.io.TFRecordWriter(str(path)) as writer,
        ):
            for batch in self._batches.read(file.lines, advance):
                counts.add(batch)
                for record in _records(batch):
                    writer.write(record)
        return counts, sha256(self._directory / file.name)


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
