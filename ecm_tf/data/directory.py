"""A finished dataset directory, opened to be looked at."""

from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf

from ecm_tf.core.manifest import read_manifest
from ecm_tf.data.batches import record_files
from ecm_tf.data.records import parse_pairs
from ecm_tf.text.assets import TextAssets

ASSETS = "assets"
BATCH = 4096
"""Pairs that are looked at together."""


class Dataset:
    """What `data_prep build` made.

    Args:
        directory: the dataset.

    Attributes:
        directory: the dataset.
        manifest: its manifest (settings, counts, sources).
        assets: its vocabularies, tokenizer, categories and external memory.

    Raises:
        InputError: it is no finished dataset directory.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.manifest = read_manifest(directory, "dataset")
        self.assets = TextAssets.load(directory / ASSETS)

    def batches(
        self, split: str, *, with_texts: bool = False
    ) -> Iterator[dict[str, tf.Tensor | tf.RaggedTensor]]:
        """The pairs of a split in order, at most `BATCH` at a time.

        Args:
            split: `train`, `dev` or `test`.
            with_texts: whether the texts are wanted beside the ids.

        Yields:
            `post` and `response` int32 ragged `(batch, None)`; `emotion` and `post_emotion` int32
            `(batch,)` (`records.UNKNOWN_EMOTION` where a post has none); and, if wanted,
            `post_text` and `response_text` string `(batch,)`.
        """
        records = tf.data.TFRecordDataset(record_files(self.directory, split)).batch(BATCH)
        yield from records.map(lambda batch: parse_pairs(batch, with_texts=with_texts)).prefetch(1)
