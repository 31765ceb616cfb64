"""Calibration of a classifier's probabilities by one temperature (Guo et al. 2017, section 4.2)."""

import keras
import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from data_prep.classifier.training import Examples

RANGE = (0.05, 20.0)
"""Range of temperatures."""
BATCH = 256


def predict_logits(network: keras.Model, examples: Examples) -> np.ndarray:
    """Returns the logits of a network, float32 `(texts, categories)`."""
    number = examples.ids.nrows().numpy()
    batches = (examples.ids[start : start + BATCH] for start in range(0, number, BATCH))
    return np.concatenate([network(ids.to_tensor(), training=False).numpy() for ids in batches])


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """Returns the temperature that gives held-out labels the highest likelihood.

    Dividing logits by it changes no prediction.

    Args:
        logits: float `(texts, categories)`.
        labels: int `(texts,)`, category ids.
    """
    logits = logits.astype(np.float64)

    def loss(log_temperature: float) -> float:
        scaled = log_softmax(logits / np.exp(log_temperature), axis=1)
        return -float(scaled[np.arange(len(labels)), labels].mean())

    fitted = minimize_scalar(loss, bounds=tuple(np.log(RANGE)), method="bounded")
    return float(np.exp(fitted.x))
