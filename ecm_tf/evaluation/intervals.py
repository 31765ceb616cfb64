"""How sure a figure is: bootstrap intervals."""

from dataclasses import dataclass

import numpy as np

RESAMPLES = 1000


@dataclass(frozen=True)
class Figure:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


def ratio(numerators: np.ndarray, denominators: np.ndarray, seed: int = 0) -> Figure:
    """The ratio of two sums, with a percentile bootstrap over the units that were drawn.

    Args:
        numerators, denominators: `(units,)`, at least one unit; denominators sum to more than 0.
        seed: of the resampling.
    """
    random = np.random.default_rng(seed)
    units = len(numerators)
    estimates = np.empty(RESAMPLES)
    for place in range(RESAMPLES):
        drawn = np.bincount(random.integers(0, units, units), minlength=units)
        estimates[place] = (drawn @ numerators) / max(drawn @ denominators, np.finfo(float).tiny)
    low, high = np.quantile(estimates, [0.025, 0.975])
    return Figure(float(numerators.sum() / denominators.sum()), float(low), float(high))


def mean(values: np.ndarray, seed: int = 0) -> Figure:
    """The mean of `(units,)`."""
    return ratio(values, np.ones(len(values)), seed)
