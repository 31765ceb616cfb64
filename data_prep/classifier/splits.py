"""Labelled sentences in three parts that share no text."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from data_prep.classifier.sentence_readers import LeftOut, read_sentences
from data_prep.corpus.files import BadRecord
from data_prep.corpus.staging import SPLITS, split_of, stop
from ecm_tf.core.errors import InputError
from ecm_tf.text.emotions import Emotions

FRACTIONS = {"dev": 0.1, "test": 0.1}


@dataclass
class Part:
    """Texts and their categories' ids."""

    texts: list[str] = field(default_factory=list)
    emotions: list[int] = field(default_factory=list)

    @property
    def labels(self) -> np.ndarray:
        """The ids as int32 `(sentences,)`."""
        return np.array(self.emotions, np.int32)


@dataclass(frozen=True)
class Sentences:
    """Labelled sentences: 80 % `train`, 10 % `dev`, 10 % `test`.

    A text's part depends on its characters alone, so that the same text is always in the same part,
    in whatever file, and spaces make no difference.

    Attributes:
        parts: by name.
        left_out: sentences whose emotion is no category, by emotion.
        bad: records that were left out because nothing can be made of them.
    """

    parts: dict[str, Part]
    left_out: Counter[str]
    bad: int

    @classmethod
    def read(
        cls, paths: Iterable[Path], emotions: Emotions, *, skip_bad_records: bool = False
    ) -> "Sentences":
        """Reads files of any format that `data_prep.sentences` knows.

        Raises:
            InputError: a file or, unless they are skipped, a record is bad.
        """
        parts = {split: Part() for split in SPLITS}
        left_out: Counter[str] = Counter()
        bad = 0
        for path in paths:
            for item in read_sentences(path, emotions):
                if isinstance(item, LeftOut):
                    left_out[item.emotion] += 1
                elif isinstance(item, BadRecord):
                    if not skip_bad_records:
                        stop(item)
                    bad += 1
                else:
                    part = parts[split_of(item.text, FRACTIONS)]
                    part.texts.append(item.text)
                    part.emotions.append(item.emotion)
        return cls(parts, left_out, bad)

    def part(self, name: str) -> Part:
        """A part, or `all` of them together.

        Raises:
            InputError: there is no sentence in it.
        """
        parts = list(self.parts.values()) if name == "all" else [self.parts[name]]
        texts = [text for part in parts for text in part.texts]
        if not texts:
            raise InputError(f"--sentences: expected sentences for the part {name}, got none.")
        return Part(texts, [emotion for part in parts for emotion in part.emotions])


@dataclass(frozen=True)
class Agreement:
    """How far labels agree with one another where a text stands several times.

    Attributes:
        texts: texts that stand several times.
        share: how often two sentences of the same text have the same emotion, on average over
            these texts. Who labels as these labellers do agrees with them as often; always naming
            a text's most frequent emotion would agree somewhat more often.
    """

    texts: int
    share: float | None


def agreement(texts: Sequence[str], emotions: Sequence[int]) -> Agreement:
    """Measures the agreement of labels; spaces make no difference between texts."""
    labels: dict[str, Counter[int]] = defaultdict(Counter)
    for text, emotion in zip(texts, emotions, strict=True):
        labels["".join(text.split())][emotion] += 1
    repeated = [counts for counts in labels.values() if counts.total() > 1]
    shares = [
        sum(n * (n - 1) for n in counts.values()) / (counts.total() * (counts.total() - 1))
        for counts in repeated
    ]
    return Agreement(len(repeated), float(np.mean(shares)) if shares else None)
