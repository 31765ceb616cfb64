"""Labelled sentences in three splits that have no text in common."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from data_prep.classifier.sentence_readers import UnmappedSentence, read_sentences
from data_prep.classifier.sources import Source
from data_prep.corpus.bad_records import BadRecord, raise_bad_record
from data_prep.corpus.splits import SPLITS, split_of
from ecm_tf.core.errors import InputError
from ecm_tf.text.emotions import Emotions

FRACTIONS = {"dev": 0.1, "test": 0.1}


class Target(NamedTuple):
    """What the label of a sentence says.

    Attributes:
        possible: ids of the categories, one of which is meant.
        known: ids of the categories that the sentence's source knows.
    """

    possible: tuple[int, ...]
    known: tuple[int, ...]


def category_targets(categories: int) -> list[Target]:
    """Returns the targets of sentences whose category is known, in id order."""
    everything = tuple(range(categories))
    return [Target((id_,), everything) for id_ in everything]


@dataclass(frozen=True)
class Group:
    """Categories that the labels of a source do not distinguish; usually a single one.

    Attributes:
        ids: ids of the categories.
        targets: indexes of the targets that mean them.
    """

    ids: list[int]
    targets: list[int]


@dataclass
class Split:
    """Texts and, for each, the index of its target in `LabelledSentences.targets` and its weight.

    The first targets are single categories of sources that know all categories, so that the index
    of such a sentence is its category id. The weight is the factor of its loss, that of its source.
    """

    texts: list[str] = field(default_factory=list)
    target_ids: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    @property
    def labels(self) -> np.ndarray:
        """The indexes of the targets as int32 `(sentences,)`."""
        return np.array(self.target_ids, np.int32)

    def below(self, number: int) -> "Split":
        """Returns the sentences whose target has an index below `number`."""
        kept = [index for index, target in enumerate(self.target_ids) if target < number]
        return Split(
            [self.texts[i] for i in kept],
            [self.target_ids[i] for i in kept],
            [self.weights[i] for i in kept],
        )


@dataclass(frozen=True)
class LabelledSentences:
    """Labelled sentences, 80 % in `train`, 10 % in `dev` and 10 % in `test`.

    The split of a text depends only on its characters, not on spaces or on its file, so the same
    text is always in the same split.

    Attributes:
        splits: the splits by name.
        targets: the different targets, first those of the categories themselves.
        unmapped: number of sentences whose emotion is not one of the categories, by emotion.
        skipped: number of bad records skipped.
    """

    splits: dict[str, Split]
    targets: list[Target]
    unmapped: Counter[str]
    skipped: int

    @classmethod
    def read(
        cls, sources: Iterable[Source], emotions: Emotions, *, skip_bad_records: bool = False
    ) -> "LabelledSentences":
        """Reads sources, whose files may have any format of `classifier.sentence_readers`.

        Raises:
            InputError: a file is invalid, or a record is and `skip_bad_records` is false.
        """
        splits = {name: Split() for name in SPLITS}
        indexes = {target: id_ for id_, target in enumerate(category_targets(len(emotions)))}
        unmapped: Counter[str] = Counter()
        skipped = 0
        for source, path in [(each, path) for each in sources for path in each.files]:
            for item in read_sentences(path, source.labels, columns=source.columns):
                if isinstance(item, BadRecord):
                    if not skip_bad_records:
                        raise_bad_record(item)
                    skipped += 1
                elif isinstance(item, UnmappedSentence):
                    unmapped[item.emotion] += 1
                elif possible := source.meanings[item.label]:
                    target = Target(possible, source.known)
                    split = splits[split_of(item.text, FRACTIONS)]
                    split.texts.append(item.text)
                    split.target_ids.append(indexes.setdefault(target, len(indexes)))
                    split.weights.append(source.weight)
                else:
                    unmapped[source.labels[item.label].name] += 1
        return cls(splits, list(indexes), unmapped, skipped)

    def split(self, name: str) -> Split:
        """Returns a split by name; `all` is the union of the three.

        Raises:
            InputError: the split is empty.
        """
        splits = list(self.splits.values()) if name == "all" else [self.splits[name]]
        texts = [text for split in splits for text in split.texts]
        if not texts:
            raise InputError(f"--sentences: expected sentences for the split {name}, got none.")
        return Split(
            texts,
            [target for split in splits for target in split.target_ids],
            [weight for split in splits for weight in split.weights],
        )

    def groups(self, split: Split) -> list[Group]:
        """Returns the groups of categories that the labels of a split stand for.

        Raises:
            InputError: the sentences come from sources with different categories, or a category
                belongs to two groups.
        """
        targets: dict[tuple[int, ...], list[int]] = {}
        for index in sorted(set(split.target_ids)):
            targets.setdefault(self.targets[index].possible, []).append(index)
        known = {self.targets[index].known for index in set(split.target_ids)}
        ids = [id_ for group in targets for id_ in group]
        if len(known) > 1 or len(set(ids)) < len(ids):
            raise InputError(
                "--sentences: expected sources whose labels stand for the same categories, got "
                "different ones; evaluate them one by one."
            )
        for missing in {id_ for each in known for id_ in each} - set(ids):
            targets[missing,] = []
        return [Group(list(group), targets[group]) for group in sorted(targets)]


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


def label_agreement(texts: Sequence[str], labels: Sequence[int]) -> LabelAgreement:
    """Measures the agreement of labels; texts that differ only in spaces count as equal."""
    by_text: dict[str, Counter[int]] = defaultdict(Counter)
    for text, label in zip(texts, labels, strict=True):
        by_text["".join(text.split())][label] += 1
    repeated = [counts for counts in by_text.values() if counts.total() > 1]
    shares = [
        sum(n * (n - 1) for n in counts.values()) / (counts.total() * (counts.total() - 1))
        for counts in repeated
    ]
    return LabelAgreement(len(repeated), float(np.mean(shares)) if shares else None)
