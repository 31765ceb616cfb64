"""Labels of one source, in batches of output lines."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np

from data_prep.corpus.bad_records import BadRecord, raise_bad_record
from data_prep.corpus.readers import LabelOptions, Pair, read_pairs
from data_prep.execution.executor import Advance
from data_prep.execution.whole_files import whole_file
from data_prep.labelling.progress import Counts
from data_prep.labelling.settings import LabelSettings
from ecm_tf.text.emotions import Emotions

PAIRS_PER_BATCH = 4096
"""Records of a source that are read, classified and written together."""


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


@dataclass(frozen=True)
class Batch:
    """The result for successive records of a source.

    Attributes:
        records: number of records.
        labelled: output lines, JSON Lines in UTF-8.
        rejected: lines of the list of bad records.
        counts: the counts of these records.
    """

    records: int
    labelled: bytes
    rejected: bytes
    counts: Counts


def label_source(
    classifier: Classifier, source: Path, settings: LabelSettings, skipped: int = 0
) -> Iterator[Batch]:
    """Labels the pairs of a source in batches.

    Batches end with the source, so that its labels do not depend on other sources: the last bits
    of a probability depend on the other texts in its batch.

    Args:
        classifier: predicts the emotions.
        source: corpus file of any format; its labels are ignored.
        settings: the settings.
        skipped: number of records, whole batches, that are labelled already.

    Raises:
        InputError: the source is invalid, or a record is bad and not skipped.
    """
    options = LabelOptions(emotions=None, required=False)
    records = islice(read_pairs(source, options, settings.format), skipped, None)
    while batch := list(islice(records, PAIRS_PER_BATCH)):
        pairs = [record for record in batch if isinstance(record, Pair)]
        bad_records = [record for record in batch if isinstance(record, BadRecord)]
        if bad_records and not settings.skip_bad_records:
            raise_bad_record(bad_records[0])
        counts = Counts.zero(len(classifier.emotions))
        counts.rejected = len(bad_records)
        counts.sentences = len(pairs) * (1 + settings.label_posts)
        rows = _rows(classifier, pairs, settings, counts)
        yield Batch(
            records=len(batch),
            labelled=msgspec.json.Encoder().encode_lines(rows),
            rejected="".join(bad.json_line() for bad in bad_records).encode(),
            counts=counts,
        )


@dataclass(frozen=True)
class LabelledSource:
    """The files of a labelled source.

    Attributes:
        labelled: output lines.
        rejected: lines of the list of bad records.
        counts: the counts of the source.
    """

    labelled: Path
    rejected: Path
    counts: Counts


class SourceLabeller:
    """Labels sources into files of their own, one source per call.

    Args:
        load: loads the classifier.
        settings: the settings.
        directory: an existing directory to write the files to.
    """

    def __init__(
        self, load: Callable[[], Classifier], settings: LabelSettings, directory: Path
    ) -> None:
        self._classifier = load()
        self._settings = settings
        self._directory = directory

    def __call__(self, shard: tuple[Path, int, int], advance: Advance) -> LabelledSource:
        """Labels a source.

        Args:
            shard: the source, its position among all sources, and the number of its records that
                are labelled already.
            advance: called with the number of records of each batch.

        Raises:
            InputError: the source is invalid, or a record is bad and not skipped.
        """
        source, number, skipped = shard
        result = LabelledSource(
            labelled=self._directory / f"{number:05d}.jsonl",
            rejected=self._directory / f"{number:05d}.rejected.jsonl",
            counts=Counts.zero(len(self._classifier.emotions)),
        )
        with (
            whole_file(result.labelled) as labelled_path,
            whole_file(result.rejected) as rejected_path,
            labelled_path.open("wb") as labelled,
            rejected_path.open("wb") as rejected,
        ):
            for batch in label_source(self._classifier, source, self._settings, skipped):
                labelled.write(batch.labelled)
                rejected.write(batch.rejected)
                result.counts.add(batch.counts)
                advance(batch.records)
        return result


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
