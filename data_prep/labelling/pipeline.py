"""The `label` command: labels the pairs of a corpus with a classifier and writes JSON Lines.

An interrupted run is resumed where it stopped, at a batch or, with an executor, at a source; so its
output has the same bytes as that of an uninterrupted run.
"""

import contextlib
import logging
import shutil
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from data_prep.corpus.digests import digests_of
from data_prep.execution.executor import Advance, Executor, SingleMachine
from data_prep.execution.progress import progress_bar
from data_prep.labelling.progress import Counts, OutputFiles, Run, State, cannot_create, open_at
from data_prep.labelling.settings import LabelSettings
from data_prep.labelling.source_labels import Classifier, SourceLabeller, label_source
from ecm_tf.core.errors import InputError
from ecm_tf.report.tables import share
from ecm_tf.text.emotions import Emotions

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Piece:
    """Labelled records, in the order of the corpus.

    Attributes:
        sources: number of sources that are complete after it.
        records: number of records of the next source that are labelled after it.
        labelled: output lines, in pieces.
        rejected: lines of the list of bad records, in pieces.
        counts: the counts of its records.
    """

    sources: int
    records: int
    labelled: Iterable[bytes]
    rejected: Iterable[bytes]
    counts: Counts


def label_corpus(
    load: Callable[[], Classifier],
    emotions: Emotions,
    sources: Sequence[Path],
    output: Path,
    settings: LabelSettings,
    *,
    classifier_digest: str,
    overwrite: bool = False,
    executor: Executor | None = None,
) -> Counts:
    """Labels a corpus, or resumes an unfinished run.

    Args:
        load: loads the classifier; called once in each process that predicts emotions.
        emotions: the classifier's categories.
        sources: corpus files of any format; their labels are ignored.
        output: JSON Lines file to write.
        settings: the settings.
        classifier_digest: identifies the classifier.
        overwrite: whether to replace a finished output.
        executor: labels several sources at the same time; an interrupted run is then resumed at the
            source where it stopped. All machines must share the file system of the sources and of
            the output. By default, the sources are labelled in this process.

    Returns:
        The counts of the whole run, including its interrupted parts.

    Raises:
        InputError: a source or the output is invalid, another run writes the output, or there is
            an unfinished run with other sources, another classifier or other settings.
    """
    files = OutputFiles(output)
    _check_output(output, sources)
    with files.locked():
        if output.exists() and not (overwrite or files.finishing):
            raise InputError(f"{output}: the file exists already; --overwrite replaces it.")
        names = [source.name for source in sources]
        digests = digests_of(sources, executor or SingleMachine())
        run = Run(
            sources=list(zip(names, digests, strict=True)),
            classifier=classifier_digest,
            min_confidence=settings.min_confidence,
            label_posts=settings.label_posts,
            format=settings.format,
        )
        state = files.load_state(run, len(emotions))
        counts = state.counts
        if state.sources or state.records:
            logger.info("resuming after %s pairs", f"{counts.pairs:,}")
        if not state.complete:
            _label(load, sources, settings, files, state, executor)
        if not counts.pairs:
            reason = f"the first: {files.first_rejected()}" if counts.rejected else "it is empty"
            files.remove()
            raise InputError(
                f"--input: expected at least one pair, got none and {counts.rejected} bad records; "
                f"{reason}."
            )
        files.finish(keep_rejected=settings.skip_bad_records or counts.rejected > 0)
    return counts


def _check_output(output: Path, sources: Sequence[Path]) -> None:
    if output.suffix == ".gz":
        raise InputError(
            f"{output}: expected a name without .gz; the output is not compressed, so that an "
            "interrupted run can be resumed."
        )
    if output.is_dir():
        raise InputError(f"{output}: expected a file to write, got a directory.")
    if any(source.resolve() == output.resolve() for source in sources):
        raise InputError(f"{output}: expected an output that is not also an input.")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_create(output, error) from error


def _label(
    load: Callable[[], Classifier],
    sources: Sequence[Path],
    settings: LabelSettings,
    files: OutputFiles,
    state: State,
    executor: Executor | None,
) -> None:
    """Labels everything after `state`, which it updates."""
    with progress_bar("labelling") as bar:
        pieces = (
            _label_in_parallel(
                *(load, sources, settings, state, bar.update),
                executor=executor,
                directory=files.parts,
            )
            if executor
            else _label_here(load(), sources, settings, state, bar.update)
        )
        with contextlib.closing(pieces):
            _write(pieces, files, state)


def _write(pieces: Iterable[_Piece], files: OutputFiles, state: State) -> None:
    """Appends pieces to the output, and updates `state` and its file after each of them."""
    counts = state.counts
    with (
        open_at(files.partial, state.labelled_bytes) as labelled,
        open_at(files.rejected_partial, state.rejected_bytes) as rejected,
    ):
        clock = time.perf_counter()
        for piece in pieces:
            labelled.writelines(piece.labelled)
            rejected.writelines(piece.rejected)
            labelled.flush()
            rejected.flush()
            counts.add(piece.counts)
            counts.seconds, clock = (
                counts.seconds + time.perf_counter() - clock,
                time.perf_counter(),
            )
            state.sources, state.records = piece.sources, piece.records
            state.labelled_bytes, state.rejected_bytes = labelled.tell(), rejected.tell()
            files.save_state(state)
    state.sources, state.records = len(state.run.sources), 0
    files.save_state(state)


def _label_here(
    classifier: Classifier,
    sources: Sequence[Path],
    settings: LabelSettings,
    state: State,
    advance: Advance,
) -> Generator[_Piece]:
    """Labels everything after `state` in this process; a piece is a batch."""
    records = state.records
    for number, source in list(enumerate(sources))[state.sources :]:
        for batch in label_source(classifier, source, settings, records):
            records += batch.records
            yield _Piece(number, records, [batch.labelled], [batch.rejected], batch.counts)
            advance(batch.records)
        records = 0


def _label_in_parallel(
    load: Callable[[], Classifier],
    sources: Sequence[Path],
    settings: LabelSettings,
    state: State,
    advance: Advance,
    *,
    executor: Executor,
    directory: Path,
) -> Generator[_Piece]:
    """Labels everything after `state` with an executor; a piece is a source."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    try:
        numbers = range(state.sources, len(sources))
        shards = [
            (sources[number], number, state.records if number == state.sources else 0)
            for number in numbers
        ]
        make = partial(SourceLabeller, load, settings, directory)
        results = executor.map(make, shards, advance)
        for number, part in zip(numbers, results, strict=True):
            lines = (_blocks(part.labelled), _blocks(part.rejected))
            yield _Piece(number + 1, 0, *lines, part.counts)
            part.labelled.unlink()
            part.rejected.unlink()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _blocks(path: Path) -> Iterator[bytes]:
    """Yields the content of a file in blocks of at most 1 MiB."""
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            yield block


def summary(counts: Counts, emotions: Emotions) -> str:
    """Returns the counts of a run as a table and a few lines."""
    responses, posts = sum(counts.responses), sum(counts.posts)
    lines = [f"{'':18}{'responses':>12}{'share':>10}{'posts':>12}{'share':>10}"]
    lines.append(f"{'labelled':18}{responses:>12,}{'':>10}{posts:>12,}")
    for id_, name in enumerate(emotions.names):
        of_responses, of_posts = counts.responses[id_], counts.posts[id_]
        lines.append(
            f"{f'  {id_} {name}':18}{of_responses:>12,}{share(of_responses, responses):>10}"
            f"{of_posts:>12,}{share(of_posts, posts):>10}"
        )
    means = (
        f"{total / number:.4f}" if number else "-"
        for total, number in (
            (counts.response_confidence, responses),
            (counts.post_confidence, posts),
        )
    )
    return "\n".join(
        [
            *lines,
            "mean confidence   {:>12}{:>22}".format(*means),
            f"pairs dropped for low confidence: {counts.left_out:,} "
            f"({share(counts.left_out, counts.pairs)})",
            f"bad records skipped: {counts.rejected:,}",
            f"speed: {counts.sentences / counts.seconds:,.0f} sentences/s",
        ]
    )
