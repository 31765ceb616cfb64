"""Random weights, far from initial values such as 0 and 1, so that every term has an effect."""

import numpy as np


def randomize(layer, seed=0, scale=0.5):
    """Fills all trainable weights, biases included, with normally distributed numbers."""
    random = np.random.default_rng(seed)
    for weight in layer.trainable_weights:
        weight.assign(random.normal(0, scale, weight.shape).astype("float32"))
    return layer
