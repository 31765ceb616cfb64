"""How well a classifier does on labelled sentences: figures, tables, a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

from ecm_tf.report import Picture, heat_map
from ecm_tf.report.tables import markdown_table
from ecm_tf.text.emotions import Emotions

CALIBRATION_BINS = 15


@dataclass(frozen=True)
class Scores:
    """What a classifier achieves on labelled sentences.

    Attributes:
        sentences: how many.
        accuracy: share that it labels as the data does.
        macro_f1: mean of the categories' F1.
        calibration_error: expected calibration error: how far the probability of the chosen
            category is from how often it is right, on average over 15 bins of equal width.
        precision, recall, f1: of each category, in id order; 0 where undefined.
        support: sentences of each category.
        confusion: `[categories][categories]`, sentences by the data's category and the
            classifier's.
    """

    sentences: int
    accuracy: float
    macro_f1: float
    calibration_error: float
    precision: list[float]
    recall: list[float]
    f1: list[float]
    support: list[int]
    confusion: list[list[int]]


def score(labels: np.ndarray, probabilities: np.ndarray) -> Scores:
    """Compares a classifier with the data.

    Args:
        labels: int `(sentences,)`, at least one sentence.
        probabilities: float `(sentences, categories)`, rows sum to 1.
    """
    categories = range(probabilities.shape[1])
    chosen = probabilities.argmax(axis=1)
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, chosen, labels=categories, zero_division=0.0
    )
    return Scores(
        sentences=len(labels),
        accuracy=float(accuracy_score(labels, chosen)),
        macro_f1=float(f1.mean()),
        calibration_error=calibration_error(labels, probabilities),
        precision=precision.tolist(),
        recall=recall.tolist(),
        f1=f1.tolist(),
        support=support.tolist(),
        confusion=confusion_matrix(labels, chosen, labels=categories).tolist(),
    )


def calibration_error(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Expected calibration error (Guo et al. 2017, equation 3) of the chosen categories.

    Args:
        labels: int `(sentences,)`.
        probabilities: float `(sentences, categories)`.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = np.bincount(bins, weights=right - confidence, minlength=CALIBRATION_BINS)
    return float(np.abs(gaps).sum() / len(labels))


def table(scores: dict[str, Scores]) -> str:
    """Returns the overall scores of classifiers as a Markdown table, one row per classifier."""
    return markdown_table(
        ["classifier", "accuracy", "macro-F1", "calibration error"],
        [
            [name, f"{s.accuracy:.4f}", f"{s.macro_f1:.4f}", f"{s.calibration_error:.4f}"]
            for name, s in scores.items()
        ],
    )


def category_table(scores: Scores, names: Sequence[str]) -> str:
    """Returns precision, recall and F1 of each category as a Markdown table."""
    columns: Any = zip(
        names, scores.precision, scores.recall, scores.f1, scores.support, strict=True
    )
    return markdown_table(
        ["category", "precision", "recall", "F1", "sentences"],
        [[name, f"{p:.4f}", f"{r:.4f}", f"{f:.4f}", n] for name, p, r, f, n in columns],
    )


def confusion_picture(scores: Scores, emotions: Emotions, name: str) -> Picture:
    """The confusion matrix; `name` is its file's."""
    return heat_map(
        name,
        "Heat map: for sentences of each emotion, the share that the classifier gives each.",
        np.array(scores.confusion),
        emotions,
        rows="the data says (sentences)",
        columns="the classifier says",
    )
