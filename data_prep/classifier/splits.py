"""Labelled sentences in three splits that have no text in common."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from data_prep.classifier.sentence_readers import UnmappedSentence, read_sentences
from data_prep.corpus.files import BadRecord
from data_prep.corpus.staging import SPLITS, raise_bad_record, split_of
from ecm_tf.core.errors import InputError
from ecm_tf.text.emotions import Emotions

FRACTIONS = {"dev": 0.1, "test": 0.1}


@dataclass
class Split:
    """Texts and their category ids."""

    texts: list[str] = field(default_factory=list)
    emotions: list[int] = field(default_factory=list)

    @property
    def labels(self) -> np.ndarray:
        """The category ids as int32 `(sentences,)`."""
        return np.array(self.emotions, np.int32)


@dataclass(frozen=True)
class LabelledSentences:
    """Labelled sentences, 80 % in `train`, 10 % in `dev` and 10 % in `test`.

    The split of a text depends only on its characters, not on spaces or on its file, so the same
    text is always in the same split.

    Attributes:
        splits: the splits by name.
        unmapped: number of sentences whose emotion is not one of the categories, by emotion.
        skipped: number of bad records skipped.
    """

    splits: dict[str, Split]
    unmapped: Counter[str]
    skipped: int

    @classmethod
    def read(
        cls, paths: Iterable[Path], emotions: Emotions, *, skip_bad_records: bool = False
    ) -> "LabelledSentences":
        """Reads files in any format of `data_prep.classifier.sentence_readers`.

        Raises:
            InputError: a file is invalid, or a record is and `skip_bad_records` is false.
        """
        splits = {name: Split() for name in SPLITS}
        unmapped: Counter[str] = Counter()
        skipped = 0
        for path in paths:
            for item in read_sentences(path, emotions):
                if isinstance(item, UnmappedSentence):
                    unmapped[item.emotion] += 1
                elif isinstance(item, BadRecord):
                    if not skip_bad_records:
                        raise_bad_record(item)
                    skipped += 1
                else:
                    split = splits[split_of(item.text, FRACTIONS)]
                    split.texts.append(item.text)
                    split.emotions.append(item.emotion)
        return cls(splits, unmapped, skipped)

    def split(self, name: str) -> Split:
        """Returns a split by name; `all` is the union of the three.

        Raises:
            InputError: the split is empty.
        """
        splits = list(self.splits.values()) if name == "all" else [self.splits[name]]
        texts = [text for split in splits for text in split.texts]
        if not texts:
            raise InputError(f"--sentences: expected sentences for the split {name}, got none.")
        return Split(texts, [emotion for split in splits for emotion in split.emotions])


@dataclass(frozen=True)
class LabelAgreement:
    """Agreement between the labels of texts that occur several times.

    Attributes:
        texts: number of distinct texts that occur several times.
        share: probability that two sentences with the same text have the same emotion, averaged
            over these texts; `None` without such texts. It estimates the accuracy of one annotator
            measured against another; a classifier that predicts each text's most frequent label
            can be slightly more accurate.
    """

    texts: int
    share: float | None


def label_agreement(texts: Sequence[str], emotions: Sequence[int]) -> LabelAgreement:
    """Measures the agreement of labels; texts that differ only in spaces count as equal."""
    labels: dict[str, Counter[int]] = defaultdict(Counter)
    for text, emotion in zip(texts, emotions, strict=True):
        labels["".join(text.split())][emotion] += 1
    repeated = [counts for counts in labels.values() if counts.total() > 1]
    shares = [
        sum(n * (n - 1) for n in counts.values()) / (counts.total() * (counts.total() - 1))
        for counts in repeated
    ]
    return LabelAgreement(len(repeated), float(np.mean(shares)) if shares else None)
