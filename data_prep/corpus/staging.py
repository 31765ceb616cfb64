"""Pass 1: every source is read once into one plain file per split, the spool.

Later passes read spools, so that formats and bad records concern nobody else. A spool has a pair a
line: emotion, post's emotion (or nothing), post, response, separated by tabs. No text has a tab or
line break, since `corpus.Pair` texts have single spaces.
"""

import os
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
from ecm_tf.core.errors import InputError

SPLITS = ("train", "dev", "test")
PAIRS_PER_BATCH = 4096
"""Pairs that a later pass handles at a time."""


def split_of(post: str, fractions: Mapping[str, float]) -> str:
    """The split in which a post stands, with all its responses.

    The choice depends on the post's characters alone, not on its spaces nor on its place in the
    corpus.

    Args:
        post: the text.
        fractions: the shares of dev and test.
    """
    digest = blake2b("".join(post.split()).encode(), digest_size=8).digest()
    place = int.from_bytes(digest, "big") / 2**64
    for split, fraction in fractions.items():
        if place < fraction:
            return split
        place -= fraction
    return "train"


def stop(bad: BadRecord) -> None:
    """The policy that ends the run at the first bad record.

    Raises:
        InputError: always.
    """
    raise InputError(f"{bad} (--skip_bad_records leaves such records out.)")


class Rejections:
    """The policy that lists bad records in a file and goes on.

    Args:
        path: JSON Lines file to write: `file` (its name), `record`, `reason`, `raw`.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")
        self.count = 0
        self.first: BadRecord | None = None

    def __call__(self, bad: BadRecord) -> None:
        """Lists a bad record."""
        self.count += 1
        self.first = self.first or bad
        self._file.write(bad.json_line())

    def __enter__(self) -> "Rejections":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()


class Spools:
    """The spool files of one build.

    Args:
        directory: an existing directory to write them in.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.pairs = dict.fromkeys(SPLITS, 0)

    def path(self, split: str) -> Path:
        """The spool of a split."""
        return self._directory / f"{split}.tsv"

    def fill(
        self,
        sources: Mapping[str, Iterable[Pair | BadRecord]],
        fractions: Mapping[str, float],
        on_bad: Callable[[BadRecord], None],
    ) -> None:
        """Writes every pair to its split and counts it in `pairs`.

        Args:
            sources: the pairs given for each split.
            fractions: the shares of train's posts that go to the splits not given.
            on_bad: what to do with a bad record.
        """
        with ExitStack() as stack:
            bar = stack.enter_context(progress("reading"))
            files = {
                split: stack.enter_context(self.path(split).open("w", encoding="utf-8"))
                for split in SPLITS
            }
            for given, items in sources.items():
                for item in items:
                    bar.update()
                    if isinstance(item, BadRecord):
                        on_bad(item)
                        continue
                    split = split_of(item.post, fractions) if given == "train" else given
                    files[split].write(_line(item))
                    self.pairs[split] += 1

    def texts(self, split: str, limit: int) -> list[str]:
        """At most `limit` posts and responses, taken at even distances over the split."""
        stride = max(1, 2 * self.pairs[split] // limit)
        with self.path(split).open(encoding="utf-8", newline="\n") as file:
            lines = islice(file, 0, None, stride)
            texts = [text for line in lines for text in line.rstrip("\n").split("\t")[2:]]
        return texts[:limit]

    def batches(
        self, split: str, title: str, function: Callable[[dict[str, tf.Tensor]], Any]
    ) -> Iterator[Any]:
        """Applies an in-graph function to a split, `PAIRS_PER_BATCH` pairs at a time, on all cores.

        Args:
            split: which.
            title: what the progress bar says.
            function: takes `emotion`, `post_emotion`, `post`, `response`, each string `(batch,)`.

        Yields:
            what `function` returns, as NumPy arrays, in order.
        """
        lines = tf.data.TextLineDataset(str(self.path(split))).batch(PAIRS_PER_BATCH)
        # A fixed degree: an automatic one may buffer as much as the memory holds.
        results = lines.map(lambda rows: function(_columns(rows)), os.cpu_count())
        with progress(title, self.pairs[split]) as bar:
            for result in results.prefetch(1).as_numpy_iterator():
                yield result
                bar.update(min(PAIRS_PER_BATCH, self.pairs[split] - bar.n))


def progress(title: str, total: int | None = None) -> tqdm:
    """A bar on stderr, if a terminal is there to show it."""
    return tqdm(desc=title, total=total, unit=" pairs", mininterval=1, disable=None)


def _line(pair: Pair) -> str:
    post_emotion = "" if pair.post_emotion is None else pair.post_emotion
    return f"{pair.emotion}\t{post_emotion}\t{pair.post}\t{pair.response}\n"


def _columns(lines: tf.Tensor) -> dict[str, tf.Tensor]:
    table = tf.strings.split(lines, "\t").to_tensor(shape=[None, 4])
    names = ("emotion", "post_emotion", "post", "response")
    return dict(zip(names, tf.unstack(table, axis=1), strict=True))
