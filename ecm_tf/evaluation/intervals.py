"""Estimates with bootstrap confidence intervals."""

from dataclasses import dataclass

import numpy as np

RESAMPLES = 1000


@dataclass(frozen=True)
class Estimate:
    """A value with the bounds of its 95 % confidence interval."""

    value: float
    low: float
    high: float

    def text(self, digits: int) -> str:
        """Returns `0.81 (0.78–0.84)`, with this number of decimals."""
        return f"{self.value:.{digits}f} ({self.low:.{digits}f}–{self.high:.{digits}f})"


def ratio(numerators: np.ndarray, denominators: np.ndarray, seed: int = 0) -> Estimate:
    """Returns the ratio of two sums, with a percentile bootstrap interval over the units.

    Args:
        numerators, denominators: `(units,)`, at least one unit; the sum of the denominators is
            positive.
        seed: random seed of the resampling.
    """
    random = np.random.default_rng(seed)
    units = len(numerators)
    estimates = np.empty(RESAMPLES)
    for resample in range(RESAMPLES):
        counts = np.bincount(random.integers(0, units, units), minlength=units)
        denominator = max(counts @ denominators, np.finfo(float).tiny)
        estimates[resample] = (counts @ numerators) / denominator
    low, high = np.quantile(estimates, [0.025, 0.975])
    value = numerators.sum() / denominators.sum()
    # If all units are equal, rounding must not put the value outside the interval.
    return Estimate(float(value), float(min(low, value)), float(max(high, value)))


def mean(values: np.ndarray, seed: int = 0) -> Estimate:
    """Returns the mean of `(units,)` values, with the interval of `ratio`."""
    return ratio(values, np.ones(len(values)), seed)
