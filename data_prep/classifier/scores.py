"""Evaluation of a classifier on labelled sentences: scores, tables and a confusion matrix."""

from collections.abc import Mapping, Sequence
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
    """Scores of a classifier on labelled sentences.

    Attributes:
        sentences: number of sentences.
        accuracy: fraction of correct predictions.
        macro_f1: unweighted mean of the categories' F1.
        calibration_error: expected calibration error: the mean difference between confidence and
            accuracy, over 15 bins of equal width.
        precision, recall, f1: per category, in id order; 0 where undefined.
        support: number of sentences per category.
        confusion: `[categories][categories]`, numbers of sentences by labelled and by predicted
            category.
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


def compute_scores(labels: np.ndarray, probabilities: np.ndarray) -> Scores:
    """Computes the scores of predictions.

    Args:
        labels: int `(sentences,)`, category ids of at least one sentence.
        probabilities: float `(sentences, categories)`; rows sum to 1.
    """
    categories = range(probabilities.shape[1])
    predicted = probabilities.argmax(axis=1)
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predicted, labels=categories, zero_division=0.0
    )
    return Scores(
        sentences=len(labels),
        accuracy=float(accuracy_score(labels, predicted)),
        macro_f1=float(f1.mean()),
        calibration_error=calibration_error(labels, probabilities),
        precision=precision.tolist(),
        recall=recall.tolist(),
        f1=f1.tolist(),
        support=support.tolist(),
        confusion=confusion_matrix(labels, predicted, labels=categories).tolist(),
    )


def calibration_error(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Returns the expected calibration error (Guo et al. 2017, equation 3).

    Args:
        labels: int `(sentences,)`.
        probabilities: float `(sentences, categories)`.
    """
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = np.bincount(bins, weights=correct - confidence, minlength=CALIBRATION_BINS)
    return float(np.abs(gaps).sum() / len(labels))


def score_table(scores: Mapping[str, Scores]) -> str:
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
    """Returns a heat map of the confusion matrix; `name` is its file name."""
    return heat_map(
        name,
        "Heat map: for the sentences of each emotion, the fractions of predicted emotions.",
        np.array(scores.confusion),
        emotions,
        rows="labelled emotion (sentences)",
        columns="predicted emotion",
    )
