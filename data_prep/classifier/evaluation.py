"""The `classifier evaluate` command: scores of finished classifiers on the same sentences."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from data_prep.classifier.scores import (
    Scores,
    category_table,
    compute_scores,
    confusion_picture,
    score_table,
)
from data_prep.classifier.sources import find_sources
from data_prep.classifier.splits import Group, LabelledSentences, Split
from ecm_tf.core.errors import InputError
from ecm_tf.core.files import make_directory, require_output_directory
from ecm_tf.core.manifest import write_atomically
from ecm_tf.text.emotion_classifier import EmotionClassifier
from ecm_tf.text.emotions import Emotion, Emotions

SCORES = "scores.json"


@dataclass(frozen=True)
class Evaluation:
    """Scores of classifiers on the same sentences.

    Attributes:
        split: name of the split of the sentences.
        sentences: number of sentences.
        emotions: what the labels of the sentences stand for; categories that they do not
            distinguish are one emotion, such as `angry/disgust`.
        scores: the scores of each classifier, by the name of its directory.
    """

    split: str
    sentences: int
    emotions: Emotions
    scores: Mapping[str, Scores]


def evaluate_classifiers(
    directories: Sequence[Path],
    sources: Sequence[Path],
    split: str,
    *,
    skip_bad_records: bool = False,
    root: Path | None = None,
    output: Path | None = None,
) -> Evaluation:
    """Evaluates classifiers of the same categories.

    Args:
        directories: classifier directories with different names.
        sources: labelled sentences, as for `pipeline.train_classifier`.
        split: the split of the sentences to evaluate on, or `all`.
        skip_bad_records: whether to skip bad records instead of stopping at the first.
        root: directory that the files named in TOML files are relative to; by default that of the
            TOML file.
        output: directory to write `NAME-confusion.png` of each classifier and `scores.json` to. The
            last file that is written is `scores.json`.

    Raises:
        InputError: a classifier, a source or the output is invalid.
    """
    names = [directory.resolve().name for directory in directories]
    if len(set(names)) < len(names):
        raise InputError(f"--classifier: expected directories with different names, got {names}.")
    require_output_directory(output)
    classifiers = _load(directories)
    categories = classifiers[0].emotions
    sentences = LabelledSentences.read(
        find_sources(sources, categories, root), categories, skip_bad_records=skip_bad_records
    )
    chosen = sentences.split(split)
    groups = sentences.groups(chosen)
    if output:
        make_directory(output)
    result = Evaluation(
        split,
        len(chosen.texts),
        _group_emotions(groups, categories),
        {
            name: evaluate_classifier(classifier, chosen, groups)
            for name, classifier in zip(names, classifiers, strict=True)
        },
    )
    if output:
        _write(result, output)
    return result


def _load(directories: Sequence[Path]) -> list[EmotionClassifier]:
    classifiers = [EmotionClassifier(directory) for directory in directories]
    categories = classifiers[0].emotions
    for directory, classifier in zip(directories, classifiers, strict=True):
        if classifier.emotions != categories:
            raise InputError(
                f"{directory}: expected the categories of {directories[0]}, "
                f"{categories.allowed}; got {classifier.emotions.allowed}."
            )
    return classifiers


def _group_emotions(groups: Sequence[Group], categories: Emotions) -> Emotions:
    members = [[categories[id_] for id_ in group.ids] for group in groups]
    return Emotions(
        [
            Emotion("/".join(e.name for e in each), "/".join(e.chinese for e in each))
            for each in members
        ]
    )


def evaluate_classifier(
    classifier: EmotionClassifier, split: Split, groups: Sequence[Group]
) -> Scores:
    """Returns the scores of a finished classifier on a split.

    The probability of a group is that of its categories, given that it is one of the groups.

    Args:
        classifier: the classifier.
        split: the sentences.
        groups: what their labels stand for, from `LabelledSentences.groups`.
    """
    probabilities = classifier.probabilities(split.texts)
    grouped = np.stack([probabilities[:, group.ids].sum(axis=1) for group in groups], axis=1)
    # A confident classifier may give all of them the probability 0.
    grouped = np.maximum(grouped, np.finfo(np.float32).tiny)
    labels = np.empty(len(split.texts), np.int32)
    for label, group in enumerate(groups):
        labels[np.isin(split.labels, group.targets)] = label
    return compute_scores(labels, grouped / grouped.sum(axis=1, keepdims=True))


def _write(evaluation: Evaluation, output: Path) -> None:
    for name, scores in evaluation.scores.items():
        picture = confusion_picture(scores, evaluation.emotions, f"{name}-confusion.png")
        write_atomically(output / picture.name, picture.png)
    text = json.dumps({name: asdict(s) for name, s in evaluation.scores.items()}, indent=2)
    write_atomically(output / SCORES, text + "\n")


def summary(evaluation: Evaluation) -> str:
    """Returns the scores as Markdown tables."""
    tables = [
        f"{evaluation.sentences:,} sentences of {evaluation.split}",
        score_table(evaluation.scores),
    ]
    for name, scores in evaluation.scores.items():
        tables += [name, category_table(scores, evaluation.emotions.names)]
    return "\n\n".join(tables)
