"""Staging files: one plain text file per split, written once from all sources.

Later passes read the staging files, so only this module handles corpus formats and bad records.
Each line holds one pair: emotion, emotion of the post (or nothing), post and response, separated by
tabs. Texts contain neither tabs nor line breaks, because `readers.Pair` normalizes white space.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any

import tensorflow as tf
from tqdm import tqdm

from data_prep.corpus.files import BadRecord
from data_prep.corpus.readers import Pair
from ecm_tf.core.cpus import available_cpus
from ecm_tf.core.errors import InputError

SPLITS = ("train", "dev", "test")
PAIRS_PER_BATCH = 4096
"""Pairs per batch of `StagingFiles.batches`."""


def split_of(post: str, fractions: Mapping[str, float]) -> str:
    """Returns the split of a post; all responses to the post go to the same split.

    The choice depends only on the characters of the post, not on its spaces or its position in the
    corpus.

    Args:
        post: the text.
        fractions: the fractions of posts that go to dev and test.
    """
    digest = blake2b("".join(post.split()).encode(), digest_size=8).digest()
    position = int.from_bytes(digest, "big") / 2**64
    for split, fraction in fractions.items():
        if position < fraction:
            return split
        position -= fraction
    return "train"


def raise_bad_record(bad: BadRecord) -> None:
    """Stops the run at the first bad record.

    Raises:
        InputError: always.
    """
    raise InputError(f"{bad} (Use --skip_bad_records to skip such records.)")


class RejectedRecords:
    """Writes bad records to a file and lets the run continue.

    Args:
        path: JSON Lines file to write: `file` (its name), `record`, `reason`, `raw`.

    Attributes:
        count: number of bad records so far.
        first: the first bad record, if any.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")
        self.count = 0
        self.first: BadRecord | None = None

    def __call__(self, bad: BadRecord) -> None:
        """Writes one bad record."""
        self.count += 1
        self.first = self.first or bad
        self._file.write(bad.json_line())

    def __enter__(self) -> "RejectedRecords":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()


class StagingFiles:
    """The staging files of one build.

    Args:
        directory: an existing directory to write them to.

    Attributes:
        pairs: number of pairs per split.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.pairs = dict.fromkeys(SPLITS, 0)

    def path(self, split: str) -> Path:
        """Returns the path of a split's file."""
        return self._directory / f"{split}.tsv"

    def fill(
        self,
        sources: Mapping[str, Iterable[Pair | BadRecord]],
        fractions: Mapping[str, float],
        on_bad_record: Callable[[BadRecord], None],
    ) -> None:
        """Writes every pair to the file of its split and counts it in `pairs`.

        Args:
            sources: the records of each given split.
            fractions: the fractions of training posts that go to the splits that are not given.
            on_bad_record: called with every bad record.
        """
        with ExitStack() as stack:
            bar = stack.enter_context(progress_bar("reading"))
            files = {
                split: stack.enter_context(self.path(split).open("w", encoding="utf-8"))
                for split in SPLITS
            }
            for given_split, records in sources.items():
                for record in records:
                    bar.update()
                    if isinstance(record, BadRecord):
                        on_bad_record(record)
                        continue
                    split = given_split
                    if given_split == "train":
                        split = split_of(record.post, fractions)
                    files[split].write(_line(record))
                    self.pairs[split] += 1

    def texts(self, split: str, limit: int) -> list[str]:
        """Returns at most `limit` posts and responses, taken at equal distances from the split."""
        stride = max(1, 2 * self.pairs[split] // limit)
        with self.path(split).open(encoding="utf-8", newline="\n") as file:
            lines = islice(file, 0, None, stride)
            texts = [text for line in lines for text in line.rstrip("\n").split("\t")[2:]]
        return texts[:limit]

    def batches(
        self, split: str, title: str, function: Callable[[dict[str, tf.Tensor]], Any]
    ) -> Iterator[Any]:
        """Applies an in-graph function to batches of a split on all cores.

        Args:
            split: name of the split.
            title: title of the progress bar.
            function: takes `emotion`, `post_emotion`, `post` and `response`, each string
                `(batch,)` with at most `PAIRS_PER_BATCH` pairs.

        Yields:
            The results of `function` as NumPy arrays, in order.
        """

        @tf.autograph.experimental.do_not_convert
        def convert(rows: tf.Tensor) -> Any:
            return function(_columns(rows))

        lines = tf.data.TextLineDataset(str(self.path(split))).batch(PAIRS_PER_BATCH)
        # AUTOTUNE could buffer batches until memory runs out; a fixed parallelism cannot.
        results = lines.map(convert, available_cpus())
        with progress_bar(title, self.pairs[split]) as bar:
            for result in results.prefetch(1).as_numpy_iterator():
                yield result
                bar.update(min(PAIRS_PER_BATCH, self.pairs[split] - bar.n))


def progress_bar(title: str, total: int | None = None) -> tqdm:
    """Returns a progress bar on stderr, which is disabled if stderr is not a terminal."""
    return tqdm(desc=title, total=total, unit=" pairs", mininterval=1, disable=None)


def _line(pair: Pair) -> str:
    post_emotion = "" if pair.post_emotion is None else pair.post_emotion
    return f"{pair.emotion}\t{post_emotion}\t{pair.post}\t{pair.response}\n"


def _columns(lines: tf.Tensor) -> dict[str, tf.Tensor]:
    table = tf.strings.split(lines, "\t").to_tensor(shape=[None, 4])
    names = ("emotion", "post_emotion", "post", "response")
    return dict(zip(names, tf.unstack(table, axis=1), strict=True))
