"""The `label` command: labels the pairs of a corpus with a classifier and writes JSON Lines.

An interrupted run is resumed at the batch where it stopped, so its output has the same bytes as
that of an uninterrupted run.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np

from data_prep.corpus.files import BadRecord, source_digest
from data_prep.corpus.readers import LabelOptions, Pair, read_pairs
from data_prep.corpus.staging import progress_bar, raise_bad_record
from data_prep.labelling.progress import Counts, OutputFiles, Run, State, open_at
from data_prep.labelling.settings import LabelSettings
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import write_atomically
from ecm_tf.report.tables import share
from ecm_tf.text.emotions import Emotions

logger = logging.getLogger(__name__)

PAIRS_PER_BATCH = 4096
"""Records that are read, classified and written together."""


class Classifier(Protocol):
    """A classifier of texts, such as `ecm_tf.text.emotion_classifier.EmotionClassifier`."""

    emotions: Emotions

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Returns the probability of every category, float32 `(texts, categories)`."""


class Row(msgspec.Struct, omit_defaults=True):
    """A line of the output; it has no `post_emotion` if the post has no label."""

    post: str
    response: str
    emotion: str
    emotion_probability: float
    post_emotion: str | None = None
    post_emotion_probability: float | None = None


def label_corpus(
    classifier: Classifier,
    sources: Sequence[Path],
    output: Path,
    settings: LabelSettings,
    *,
    classifier_digest: str,
    overwrite: bool = False,
) -> Counts:
    """Labels a corpus, or resumes an unfinished run.

    Args:
        classifier: predicts the emotions; the output has its categories.
        sources: corpus files of any format; their labels are ignored.
        output: JSON Lines file to write.
        settings: the settings.
        classifier_digest: identifies the classifier.
        overwrite: whether to replace a finished output.

    Returns:
        The counts of the whole run, including its interrupted parts.

    Raises:
        InputError: a source or the output is invalid, or there is an unfinished run with other
            sources, another classifier or other settings.
    """
    files = OutputFiles(output)
    _check_output(output, sources, overwrite=overwrite)
    digests = [(source.name, source_digest(source)) for source in sources]
    run = Run(
        sources=digests,
        classifier=classifier_digest,
        min_confidence=settings.min_confidence,
        label_posts=settings.label_posts,
        format=settings.format,
    )
    state = files.load_state(run, len(classifier.emotions))
    if state.records:
        logger.info("resuming after %s pairs", f"{state.counts.pairs:,}")
    _label(classifier, sources, files, settings, state)
    counts = state.counts
    if not counts.pairs:
        files.remove()
        raise InputError(
            f"--input: expected at least one pair, got none and {counts.rejected} bad records."
        )
    files.finish(keep_rejected=settings.skip_bad_records or counts.rejected > 0)
    return counts


def _check_output(output: Path, sources: Sequence[Path], *, overwrite: bool) -> None:
    if output.suffix == ".gz":
        raise InputError(
            f"{output}: expected a name without .gz; the output is not compressed, so that an "
            "interrupted run can be resumed."
        )
    if output.is_dir():
        raise InputError(f"{output}: expected a file to write, got a directory.")
    if any(source.resolve() == output.resolve() for source in sources):
        raise InputError(f"{output}: expected an output that is not also an input.")
    if output.exists() and not overwrite:
        raise InputError(f"{output}: the file exists already; --overwrite replaces it.")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{output}: expected a path where a file can be created; {error}."
        ) from error


def _label(
    classifier: Classifier,
    sources: Sequence[Path],
    files: OutputFiles,
    settings: LabelSettings,
    state: State,
) -> None:
    """Labels everything after `state`, and updates `state` and its file after each batch."""
    counts = state.counts
    with (
        open_at(files.partial, state.labelled_bytes) as labelled,
        open_at(files.rejected_partial, state.rejected_bytes) as rejected,
        progress_bar("labelling") as bar,
    ):
        records = _records(sources, settings.format)
        bar.update(sum(1 for _ in islice(records, state.records)))
        clock = time.perf_counter()
        while batch := list(islice(records, PAIRS_PER_BATCH)):
            pairs = [record for record in batch if isinstance(record, Pair)]
            for bad in (record for record in batch if isinstance(record, BadRecord)):
                if not settings.skip_bad_records:
                    raise_bad_record(bad)
                rejected.write(bad.json_line().encode())
            rows = _rows(classifier, pairs, settings, counts)
            labelled.write(msgspec.json.Encoder().encode_lines(rows))
            labelled.flush()
            rejected.flush()
            counts.rejected += len(batch) - len(pairs)
            counts.sentences += len(pairs) * (1 + settings.label_posts)
            counts.seconds, clock = (
                counts.seconds + time.perf_counter() - clock,
                time.perf_counter(),
            )
            state.records += len(batch)
            state.labelled_bytes, state.rejected_bytes = labelled.tell(), rejected.tell()
            write_atomically(files.progress, msgspec.json.encode(state).decode())
            bar.update(len(batch))


def _records(sources: Sequence[Path], format: str | None) -> Iterator[Pair | BadRecord]:
    for source in sources:
        yield from read_pairs(source, LabelOptions(emotions=None, required=False), format)


def _rows(
    classifier: Classifier, pairs: Sequence[Pair], settings: LabelSettings, counts: Counts
) -> list[Row]:
    """Labels pairs and counts them; pairs below the minimum confidence get no row."""
    texts = [pair.response for pair in pairs]
    if settings.label_posts:
        texts += [pair.post for pair in pairs]
    labels = _labels(classifier, texts)
    names, min_confidence = classifier.emotions.names, settings.min_confidence
    rows = []
    for pair in pairs:
        emotion, probability = labels[pair.response]
        if probability < min_confidence:
            counts.left_out += 1
            continue
        row = Row(pair.post, pair.response, names[emotion], round(probability, 4))
        counts.responses[emotion] += 1
        counts.response_confidence += probability
        if settings.label_posts:
            emotion, probability = labels[pair.post]
            if probability >= min_confidence:
                row.post_emotion = names[emotion]
                row.post_emotion_probability = round(probability, 4)
                counts.posts[emotion] += 1
                counts.post_confidence += probability
        rows.append(row)
    return rows


def _labels(classifier: Classifier, texts: Iterable[str]) -> dict[str, tuple[int, float]]:
    """Returns the most probable category of each text and its probability.

    In dialogues the same utterance is a response and then a post; each text is classified once.
    """
    distinct = list(dict.fromkeys(texts))
    if not distinct:
        return {}
    probabilities = classifier.probabilities(distinct)
    best = zip(probabilities.argmax(1).tolist(), probabilities.max(1).tolist(), strict=True)
    return dict(zip(distinct, best, strict=True))


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
