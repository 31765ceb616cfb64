"""Weights far from their starting values, so that no term of an equation can hide."""

import numpy as np


def randomize(layer, seed=0, scale=0.5):
    """Fills all trainable weights, biases too, with normal numbers."""
    random = np.random.default_rng(seed)
    for weight in layer.trainable_weights:
        weight.assign(random.normal(0, scale, weight.shape).astype("float32"))
    return layer
