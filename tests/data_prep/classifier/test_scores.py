"""Scores, tables and confusion matrix of a classifier."""

import numpy as np
import pytest
from markdown_rows import table_rows

from data_prep.classifier.evaluation import evaluate_classifier
from data_prep.classifier.scores import (
    calibration_error,
    category_table,
    compute_scores,
    confusion_picture,
    score_table,
)
from data_prep.classifier.splits import Group, Split
from ecm_tf.text.emotions import Emotion, Emotions

LABELS = np.array([0, 0, 0, 1, 1, 1], np.int32)
PROBABILITIES = np.array(
    [[0.8, 0.2, 0], [0.6, 0.4, 0], [0.3, 0.7, 0], [0.1, 0.9, 0], [0, 1, 0], [0.2, 0.2, 0.6]]
)
"""Predictions 0, 0, 1, 1, 1 and 2; no sentence has category 2."""


def test_scores():
    scores = compute_scores(LABELS, PROBABILITIES)
    assert scores.sentences == 6
    assert scores.accuracy == pytest.approx(4 / 6)
    assert scores.precision == pytest.approx([1, 2 / 3, 0])
    assert scores.recall == pytest.approx([2 / 3, 2 / 3, 0])
    assert scores.f1 == pytest.approx([4 / 5, 2 / 3, 0])
    assert scores.macro_f1 == pytest.approx((4 / 5 + 2 / 3) / 3)
    assert scores.support == [3, 3, 0]
    assert scores.confusion == [[2, 1, 0], [0, 2, 1], [0, 0, 0]]
    assert scores.calibration_error == calibration_error(LABELS, PROBABILITIES)


def test_calibration_error():
    # 0.8 and 0.9 have separate bins; 0.61 and 0.65 share one, of which half is correct.
    confidence = np.array([0.8, 0.9, 0.61, 0.65])
    probabilities = np.stack([confidence, 1 - confidence], axis=1)
    gaps = [1 - 0.8, 0.9, abs(1 - (0.61 + 0.65))]
    error = calibration_error(np.array([0, 1, 0, 1]), probabilities)
    assert error == pytest.approx(sum(gaps) / 4)


def test_calibration_error_of_calibrated_predictions():
    sure = calibration_error(np.array([1, 0]), np.array([[0.0, 1.0], [1.0, 0.0]]))
    assert sure == 0
    labels = np.array([0] * 7 + [1] * 3)
    assert calibration_error(labels, np.tile([0.7, 0.3], (10, 1))) == pytest.approx(0)


def test_calibration_error_of_confident_errors():
    assert calibration_error(np.array([0, 1]), np.array([[0.0, 1.0], [1.0, 0.0]])) == 1


def test_a_source_whose_categories_all_have_the_probability_0():
    """A confident classifier, and a source that lacks the category that it predicts."""

    class Confident:
        def probabilities(self, texts):
            return np.eye(6, dtype=np.float32)[[1] * len(texts)]

    groups = [Group([2], [2]), Group([5], [5])]
    scores = evaluate_classifier(Confident(), Split(["好", "坏"], [2, 5]), groups)
    assert scores.confusion == [[1, 0], [1, 0]]
    assert scores.calibration_error == 0


def test_scores_of_one_sentence():
    scores = compute_scores(np.array([2]), np.array([[0.5, 0.25, 0.25]], np.float32))
    assert (scores.accuracy, scores.macro_f1, scores.calibration_error) == (0, 0, 0.5)
    assert scores.confusion == [[0, 0, 0], [0, 0, 0], [1, 0, 0]]
    assert all(type(n) is float for n in (scores.accuracy, scores.macro_f1, *scores.f1))


def test_tables():
    scores = compute_scores(LABELS, PROBABILITIES)
    overall = score_table({"ours": scores, "floor": scores})
    row = ["0.6667", "0.4889", f"{scores.calibration_error:.4f}"]
    assert table_rows(overall)[1:] == [["ours", *row], ["floor", *row]]
    categories = category_table(scores, ["sad", "happy", "none"])
    assert table_rows(categories)[1:] == [
        ["sad", "1.0000", "0.6667", "0.8000", "3"],
        ["happy", "0.6667", "0.6667", "0.6667", "3"],
        ["none", "0.0000", "0.0000", "0.0000", "0"],
    ]
    for text in (overall, categories):
        assert len({line.count("|") for line in text.splitlines()}) == 1


def test_confusion_picture():
    emotions = Emotions([Emotion("one", "一"), Emotion("二", "二"), Emotion("three", "三")])
    scores = compute_scores(LABELS, PROBABILITIES)
    first, again = (confusion_picture(scores, emotions, "c.png") for _ in range(2))
    other = confusion_picture(compute_scores(LABELS, PROBABILITIES[::-1]), emotions, "c.png")
    assert first.png.startswith(b"\x89PNG")
    assert first.png == again.png
    assert first.png != other.png
