"""The `merge` command: makes one corpus from several sources.

The first pass filters the pairs of all sources and writes them to a staging file for each split.
The second goes through test, then dev, then train, and drops pairs whose post is in an earlier
split: what two splits share stays in the held-out one. Memory holds the hash of every pair, and the
index of near-duplicates; texts are streamed.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from data_prep.corpus.bad_records import BadRecord, RejectedRecords, raise_bad_record
from data_prep.corpus.digests import check_outside
from data_prep.corpus.readers import LabelOptions, Pair, read_pairs
from data_prep.corpus.splits import SPLITS, split_of
from data_prep.execution.progress import progress_bar
from data_prep.merge.comparison import comparable, digest
from data_prep.merge.filters import rejection
from data_prep.merge.report import SourceCounts, page
from data_prep.merge.sampling import copies
from data_prep.merge.selection import Selection
from data_prep.merge.settings import MergeSettings
from data_prep.merge.sources import SourceList
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import write_manifest
from ecm_tf.core.output import check_output, finished_directory

REJECTED, STAGING = "rejected.jsonl", "staging"
REPORT_JSON, REPORT_PAGE = "report.json", "report.md"
HELD_OUT = ("test", "dev")
ORDER = (*HELD_OUT, "train")
"""The order in which splits are made; of two splits with the same post, the first keeps it."""


class Row(msgspec.Struct):
    """A line of the output."""

    post: str
    response: str
    source: str


Counts = dict[str, SourceCounts]
"""The counts of each source."""


def merge_corpora(
    sources: SourceList, settings: MergeSettings, output: Path, *, overwrite: bool = False
) -> Counts:
    """Makes a corpus directory.

    Args:
        sources: the sources.
        settings: the settings.
        output: the directory to make; it appears only when it is complete.
        overwrite: whether to replace a finished corpus in `output`.

    Returns:
        The counts of each source.

    Raises:
        InputError: a source or the output is invalid, or no pair is left for a split; `output` is
            unchanged.
    """
    check_output(output, "corpus", overwrite=overwrite)
    check_outside(sources.paths, output)
    counts = {name: SourceCounts() for name in sources.sources}
    with finished_directory(output, "corpus", overwrite=overwrite) as directory:
        (directory / STAGING).mkdir()
        _stage(sources, settings, directory, counts)
        files = _write_splits(sources, settings, directory, counts)
        shutil.rmtree(directory / STAGING)
        _check_splits(sources, counts)
        report = {name: source.to_dict() for name, source in counts.items()}
        text = json.dumps(report, ensure_ascii=False, indent=2) + "\n"
        (directory / REPORT_JSON).write_text(text, encoding="utf-8")
        (directory / REPORT_PAGE).write_text(page(counts, sources.sources), encoding="utf-8")
        rejected = [REJECTED] if settings.skip_bad_records else []
        write_manifest(
            directory,
            "corpus",
            files=[*files, REPORT_JSON, REPORT_PAGE, *rejected],
            settings={**asdict(settings), "sources": _terms(sources)},
            counts=report,
            sources=dict(sources.digests),
        )
    return counts


def _terms(sources: SourceList) -> dict[str, dict[str, Any]]:
    return {
        name: {"weight": source.weight, "terms": source.terms, "url": source.url}
        for name, source in sources.sources.items()
    }


def _stage(sources: SourceList, settings: MergeSettings, directory: Path, counts: Counts) -> None:
    """Writes the pairs that pass the filters of single pairs to the staging files."""
    with ExitStack() as stack:
        on_bad_record: Callable[[BadRecord], None] = raise_bad_record
        if settings.skip_bad_records:
            on_bad_record = stack.enter_context(RejectedRecords(directory / REJECTED))
        files = {
            split: stack.enter_context(_staging(directory, split).open("wb")) for split in SPLITS
        }
        bar = stack.enter_context(progress_bar("reading"))
        for name, file_split, record in _records(sources):
            bar.update()
            counts[name].given += 1
            if isinstance(record, BadRecord):
                on_bad_record(record)
                counts[name].lost["bad_record"] += 1
                continue
            split = file_split
            if split == "train":
                split = split_of(record.post, sources.sources[name].fractions)
            row = Row(record.post, record.response, name)
            reason = rejection(record.post, record.response, settings)
            if reason is None and split == "train" and not _copies(row, sources, settings):
                reason = "weight"
            if reason:
                counts[name].lost[reason] += 1
                continue
            files[split].write(_encode(row))


def _records(sources: SourceList) -> Iterator[tuple[str, str, Pair | BadRecord]]:
    """Yields the records of all files with the name of their source and the split of their file."""
    labels = LabelOptions(emotions=None, required=False)
    for name, source in sources.sources.items():
        for split, paths in sources.files[name].items():
            for path in paths:
                for record in read_pairs(path, labels, source.format):
                    yield name, split, record


def _copies(row: Row, sources: SourceList, settings: MergeSettings) -> int:
    """Returns how often a training pair is written."""
    position = digest(comparable(row.post), comparable(row.response), seed=settings.seed)
    return copies(sources.sources[row.source].weight, position)


def _write_splits(
    sources: SourceList, settings: MergeSettings, directory: Path, counts: Counts
) -> list[str]:
    """Selects among the staged pairs and writes them; returns the names of the files."""
    selection = Selection(settings)
    names = []
    for split in ORDER:
        suppliers = [name for name, source in sources.sources.items() if source.supplies(split)]
        if not suppliers:
            continue
        selection.start(split)
        parts = {name: f"{split}-{name}.jsonl" for name in suppliers if split != "train"}
        names += [f"{split}.jsonl", *parts.values()]
        with ExitStack() as stack:
            whole = stack.enter_context((directory / f"{split}.jsonl").open("wb"))
            files = {
                name: stack.enter_context((directory / part).open("wb"))
                for name, part in parts.items()
            }
            for row in _staged(directory, split):
                source = counts[row.source]
                if reason := selection.rejection(row.post, row.response):
                    source.lost[reason] += 1
                    continue
                source.kept[split] += 1
                line = _encode(row)
                if split == "train":
                    lines = _copies(row, sources, settings)
                    source.train_lines += lines
                    whole.write(line * lines)
                else:
                    whole.write(line)
                    files[row.source].write(line)
    return names


def _staging(directory: Path, split: str) -> Path:
    return directory / STAGING / f"{split}.jsonl"


def _staged(directory: Path, split: str) -> Iterator[Row]:
    decode = msgspec.json.Decoder(Row).decode
    with _staging(directory, split).open("rb") as file, progress_bar(split) as bar:
        for line in file:
            bar.update()
            yield decode(line)


def _encode(row: Row) -> bytes:
    return msgspec.json.encode(row) + b"\n"


def _check_splits(sources: SourceList, counts: Counts) -> None:
    """Checks that no file of the output is empty."""
    if not any(source.kept["train"] for source in counts.values()):
        raise InputError(
            f"{sources.path}: expected at least one training pair, got none; "
            f"{_losses(SourceCounts.sum(counts.values()))}."
        )
    for name, source in sources.sources.items():
        for split in HELD_OUT:
            if source.supplies(split) and not counts[name].kept[split]:
                raise InputError(
                    f"{sources.path}: source {name}: expected at least one pair for {split}, got "
                    f"none; {_losses(counts[name])}."
                )


def _losses(counts: SourceCounts) -> str:
    lost = ", ".join(f"{number} {reason}" for reason, number in counts.lost.items())
    return f"pairs dropped, of {counts.given}: {lost or 'none'}"
