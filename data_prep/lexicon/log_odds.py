"""The log-odds ratio of a word between the responses of a category and all other responses.

The log-odds ratio with an informative Dirichlet prior of Monroe, Colaresi and Quinn, "Fightin'
Words" (Political Analysis 16, 2008), equations 16 and 20. `y` is the count of a word in the
responses of a category and `n` the number of all tokens there; `y'` and `n'` are the same for all
other responses; `a` and `a'` are the word's prior counts, `A` and `A'` their sums over all words:

    log_odds = log((y + a) / (n + A - y - a)) - log((y' + a') / (n' + A' - y' - a'))
    variance = 1 / (y + a) + 1 / (y' + a')

The prior states that the word is equally frequent everywhere. Its weight is a fraction of the data:
`a = prior * n * f` and `a' = prior * n' * f`, where `f` is the word's relative frequency in all
responses. The paper uses a fixed number of prior tokens instead, whose effect depends on the size
of corpus and category. If it is too small, a word that occurs in one category only has a very large
variance and cannot be distinguished from chance; if it exceeds the size of a small category, no
word of that category can be characteristic. With a fraction, the statistic is comparable from 1e5
to 1e8 tokens and for categories with one response in a hundred.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

CONFIDENCE_Z = 1.96
"""Half-width of the 95 % confidence interval in standard errors."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LogOdds:
    """The statistic of every word in every category; all arrays are `(categories, words)`.

    Attributes:
        counts: int64, occurrences of a word in the responses of a category.
        ratio: float64, the log-odds ratio; 0 where it is undefined, that is, for words that do not
            occur and categories without responses.
        error: float64, its standard error; infinite where the ratio is undefined.
    """

    counts: npt.NDArray[np.int64]
    ratio: Floats
    error: Floats

    @cached_property
    def elsewhere(self) -> npt.NDArray[np.int64]:
        """Occurrences of a word in all other responses."""
        return self.counts.sum(0) - self.counts

    @cached_property
    def z(self) -> Floats:
        """The z-score: the log-odds ratio divided by its standard error."""
        return self.ratio / self.error

    @cached_property
    def lower(self) -> Floats:
        """The lower bound of the 95 % confidence interval."""
        return self.ratio - CONFIDENCE_Z * self.error

    @cached_property
    def upper(self) -> Floats:
        """The upper bound of the 95 % confidence interval."""
        return self.ratio + CONFIDENCE_Z * self.error


def log_odds(counts: npt.NDArray[np.int64], prior: float) -> LogOdds:
    """Computes the statistic.

    Args:
        counts: int64 `(categories, words)`, occurrences of a word in the responses of a category.
        prior: weight of the prior as a fraction of the data, above 0.
    """
    inside = counts.astype(np.float64)
    everywhere = inside.sum(0)
    frequency = everywhere / max(everywhere.sum(), 1.0)
    y, rest = _with_prior(inside, frequency, prior)
    y_other, rest_other = _with_prior(everywhere - inside, frequency, prior)
    known = (y > 0) & (rest > 0) & (y_other > 0) & (rest_other > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(y / rest) - np.log(y_other / rest_other)
        error = np.sqrt(1 / y + 1 / y_other)
    return LogOdds(counts, np.where(known, ratio, 0.0), np.where(known, error, np.inf))


def _with_prior(counts: Floats, frequency: Floats, prior: float) -> tuple[Floats, Floats]:
    """Returns the counts of each word, and of all other words, with the prior counts added."""
    totals = counts.sum(1, keepdims=True)
    posterior = counts + prior * totals * frequency
    return posterior, totals * (1 + prior) - posterior
