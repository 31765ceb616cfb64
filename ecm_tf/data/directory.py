"""Read access to a finished dataset directory."""

from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf

from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import read_manifest, verify_files
from ecm_tf.data.batches import record_files
from ecm_tf.data.records import parse_pairs
from ecm_tf.text.assets import TextAssets

ASSETS = "assets"
"""Name of the folder with the text assets."""
PAIRS_PER_BATCH = 4096
"""Number of pairs that are read and parsed at once."""


class DatasetDirectory:
    """A dataset that `data_prep build` wrote.

    Args:
        directory: the dataset directory.
        verify: whether to compare all files with their digests, which reads them once.

    Attributes:
        directory: the dataset directory.
        manifest: its manifest (settings, counts, sources).
        assets: its vocabularies, tokenizer, emotions and emotion words.

    Raises:
        InputError: it is not a finished dataset directory, or, with `verify`, a file was changed or
            added.
    """

    def __init__(self, directory: Path, *, verify: bool = True) -> None:
        self.directory = directory
        self.manifest = read_manifest(directory, "dataset")
        if verify:
            verify_files(directory, self.manifest)
            for path in sorted(directory.glob("*.tfrecord")):
                if path.name not in self.manifest["files"]:
                    raise InputError(f"{path}: expected only records that the manifest lists.")
        self.assets = TextAssets.load(directory / ASSETS)

    def batches(
        self, split: str, *, with_texts: bool = False
    ) -> Iterator[dict[str, tf.Tensor | tf.RaggedTensor]]:
        """Yields the pairs of a split in order, in batches of `PAIRS_PER_BATCH`.

        Args:
            split: `"train"`, `"dev"` or `"test"`.
            with_texts: whether to include the texts.

        Yields:
            `post` and `response` int32 ragged `(batch, None)`; `emotion` and `post_emotion` int32
            `(batch,)` (`records.UNKNOWN_EMOTION` where a post has none); and, with texts,
            `post_text` and `response_text` string `(batch,)`.
        """
        files = record_files(self.directory, split)
        records = tf.data.TFRecordDataset(files).batch(PAIRS_PER_BATCH)

        @tf.autograph.experimental.do_not_convert
        def parse(batch: tf.Tensor) -> dict[str, tf.Tensor]:
            return parse_pairs(batch, with_texts=with_texts)

        yield from records.map(parse).prefetch(1)
