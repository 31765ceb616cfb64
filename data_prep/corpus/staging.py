"""Staging files: plain text files, written once from all sources.

Later passes read the staging files, so only this module handles corpus formats and bad records.
Each line holds one pair: emotion, emotion of the post (or nothing), post and response, separated by
tabs. Texts contain neither tabs nor line breaks, because `readers.Pair` normalizes white space.

Each source has files of its own for each split, so that sources can be read in parallel. The order
of a split's pairs is that of the sources, whatever the order in which they are read.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from math import ceil
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from data_prep.corpus.bad_records import BadRecord, RejectedRecords, raise_bad_record
from data_prep.corpus.readers import LabelOptions, Pair, read_pairs
from data_prep.corpus.splits import SPLITS, split_of
from data_prep.execution.executor import Advance
from data_prep.execution.whole_files import whole_file

PAIRS_PER_PART = 131_072
"""Maximum number of pairs per file (about 20 MB), a multiple of those of a batch."""


@dataclass(frozen=True)
class Source:
    """A corpus file.

    Attributes:
        number: its position among all sources.
        split: the split that it was given for.
        path: the file.
    """

    number: int
    split: str
    path: Path


@dataclass(frozen=True)
class Lines:
    """Successive lines of a staging file.

    Attributes:
        path: the file.
        first: index of the first line, from 0.
        pairs: number of lines.
    """

    path: Path
    first: int
    pairs: int


@dataclass(frozen=True)
class StagedSource:
    """The staging files of one source.

    Attributes:
        parts: files by split, in order.
        rejected: list of the bad records; `None` if they stop the run.
        rejected_count: number of bad records.
        first_rejected: the first bad record, if any.
    """

    parts: Mapping[str, Sequence[Lines]]
    rejected: Path | None
    rejected_count: int
    first_rejected: BadRecord | None


class SourceReader:
    """Reads sources into staging files, one source per call.

    Args:
        directory: an existing directory to write the files to.
        labels: how to read emotion labels.
        fractions: the fractions of training posts that go to the splits that are not given.
        format: format of all sources; `None` detects it.
        skip_bad_records: whether to list bad records, instead of stopping at the first.
    """

    def __init__(
        self,
        directory: Path,
        labels: LabelOptions,
        fractions: Mapping[str, float],
        *,
        format: str | None = None,
        skip_bad_records: bool = False,
    ) -> None:
        self._directory = directory
        self._labels = labels
        self._fractions = fractions
        self._format = format
        self._skip_bad_records = skip_bad_records

    def __call__(self, source: Source, advance: Advance) -> StagedSource:
        """Writes the pairs of a source to the files of their splits.

        Raises:
            InputError: the source cannot be read, or a record is bad and not skipped.
        """
        with ExitStack() as stack:
            path = self._directory / f"rejected-{source.number:05d}.jsonl"
            rejected: RejectedRecords | None = None
            if self._skip_bad_records:
                temporary = stack.enter_context(whole_file(path))
                rejected = stack.enter_context(RejectedRecords(temporary))
            writers = {
                split: stack.enter_context(_PartWriter(self._directory, split, source.number))
                for split in SPLITS
            }
            for record in read_pairs(source.path, self._labels, self._format):
                advance(1)
                if isinstance(record, BadRecord):
                    (rejected or raise_bad_record)(record)
                    continue
                split = source.split
                if split == "train":
                    split = split_of(record.post, self._fractions)
                writers[split].write(_line(record))
        return StagedSource(
            parts={split: writer.parts for split, writer in writers.items()},
            rejected=path if rejected else None,
            rejected_count=rejected.count if rejected else 0,
            first_rejected=rejected.first if rejected else None,
        )


class _PartWriter:
    """Writes the lines of one source and split to files of at most `PAIRS_PER_PART` lines."""

    def __init__(self, directory: Path, split: str, source: int) -> None:
        self._directory = directory
        self._prefix = f"{split}-{source:05d}"
        self._stack = ExitStack()
        self._file: IO[str] | None = None
        self._pairs = 0
        self.parts: list[Lines] = []

    def write(self, line: str) -> None:
        """Writes a line."""
        if self._file is None or self._pairs == PAIRS_PER_PART:
            self._finish()
            self._stack = ExitStack()
            temporary = self._stack.enter_context(whole_file(self._path))
            self._file = self._stack.enter_context(temporary.open("w", encoding="utf-8"))
        self._file.write(line)
        self._pairs += 1

    @property
    def _path(self) -> Path:
        return self._directory / f"{self._prefix}-{len(self.parts):05d}.tsv"

    def _finish(self) -> None:
        if self._file is not None:
            self._stack.close()
            self.parts.append(Lines(self._path, 0, self._pairs))
            self._file, self._pairs = None, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._finish()
        else:
            self._stack.__exit__(kind, error, trace)


class StagingFiles:
    """The staging files of one build.

    Args:
        sources: the staged sources, in order.

    Attributes:
        parts: the files of each split, in order.
        pairs: number of pairs per split.
        rejected: lists of bad records.
        rejected_count: number of bad records.
        first_rejected: the first bad record, if any.
    """

    def __init__(self, sources: Sequence[StagedSource]) -> None:
        self.parts = {
            split: [part for source in sources for part in source.parts[split]] for split in SPLITS
        }
        self.pairs = {
            split: sum(part.pairs for part in parts) for split, parts in self.parts.items()
        }
        self.rejected = [source.rejected for source in sources if source.rejected]
        self.rejected_count = sum(source.rejected_count for source in sources)
        self.first_rejected = next(
            (source.first_rejected for source in sources if source.first_rejected), None
        )

    def ranges(self, split: str, size: int) -> Iterator[list[Lines]]:
        """Yields the lines of each `size` successive pairs of a split; the last may have fewer.

        A split without pairs has one range without lines.
        """
        lines: list[Lines] = []
        remaining = size
        for part in self.parts[split]:
            first = part.first
            while first < part.pairs:
                if not remaining:
                    yield lines
                    lines, remaining = [], size
                taken = min(remaining, part.pairs - first)
                lines.append(Lines(part.path, first, taken))
                first, remaining = first + taken, remaining - taken
        yield lines

    def texts(self, split: str, limit: int) -> list[str]:
        """Returns at most `limit` posts and responses, taken at equal distances from the split."""
        stride = max(1, ceil(2 * self.pairs[split] / limit))
        texts: list[str] = []
        position = 0
        for part in self.parts[split]:
            first = -position % stride
            position += part.pairs
            if first >= part.pairs:
                continue
            with part.path.open(encoding="utf-8", newline="\n") as file:
                for line in islice(file, first, None, stride):
                    texts += line.rstrip("\n").split("\t")[2:]
        return texts[:limit]


def _line(pair: Pair) -> str:
    post_emotion = "" if pair.post_emotion is None else pair.post_emotion
    return f"{pair.emotion}\t{post_emotion}\t{pair.post}\t{pair.response}\n"
