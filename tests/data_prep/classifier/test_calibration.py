"""Calibration of probabilities by a temperature."""

import numpy as np
import pytest
from scipy.special import softmax

from data_prep.classifier.calibration import RANGE, fit_temperature
from data_prep.classifier.scores import calibration_error


def labelled_logits(temperature):
    """Returns logits that are too large by a factor, with labels of the true distribution."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=[20_000, 4]) * 2
    probabilities = softmax(logits, axis=1)
    labels = (probabilities.cumsum(1) > rng.random([len(logits), 1])).argmax(1)
    return (logits * temperature).astype(np.float32), labels


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_is_found(temperature):
    logits, labels = labelled_logits(temperature)
    found = fit_temperature(logits, labels)
    assert found == pytest.approx(temperature, rel=0.03)
    assert calibration_error(labels, softmax(logits / found, axis=1)) < 0.02


def test_a_perfect_classifier_gets_the_lowest_temperature():
    logits = np.eye(3, dtype=np.float32)
    assert fit_temperature(logits, np.arange(3)) == pytest.approx(RANGE[0], rel=0.01)
