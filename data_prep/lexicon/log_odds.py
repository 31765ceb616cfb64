"""How much more often a category's responses use a word than all other responses do.

The log-odds ratio with an informative Dirichlet prior of Monroe, Colaresi and Quinn, "Fightin'
Words" (Political Analysis 16, 2008), equations 16 and 20. With `y` the count of a word in a
category's responses and `n` the count of all words there, `y'` and `n'` the same for all other
responses, and `a`, `a'` the word's prior counts on either side, `A`, `A'` their sums:

    log_odds = log((y + a) / (n + A - y - a)) - log((y' + a') / (n' + A' - y' - a'))
    variance = 1 / (y + a) + 1 / (y' + a')

The prior says that the word is equally frequent everywhere, and says it as loudly as a share of the
data would: `a = prior * n * f` and `a' = prior * n' * f`, where `f` is the word's share of all
tokens. A fixed number of prior tokens, as in the paper, would mean something else for each size of
corpus and category: too few of them and a word that never occurs elsewhere is of boundless
variance, so the surest words could not be told from chance; more than a small category has of its
own and nothing in it stands out. As a share, the statistic keeps its meaning from 1e5 to 1e8
tokens, and in a category with one response in a hundred.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

CERTAINTY = 1.96
"""Standard errors on either side of the log-odds ratio that leave 95 % between them."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LogOdds:
    """The statistic of every word in every category; all arrays are `(categories, words)`.

    Attributes:
        counts: int64, how often a category's responses have a word.
        ratio: float64, the log-odds ratio; 0 where nothing is known: a word that never occurs, a
            category without responses.
        error: float64, its standard error; infinite where nothing is known.
    """

    counts: npt.NDArray[np.int64]
    ratio: Floats
    error: Floats

    @cached_property
    def elsewhere(self) -> npt.NDArray[np.int64]:
        """How often all other responses have a word."""
        return self.counts.sum(0) - self.counts

    @cached_property
    def z(self) -> Floats:
        """The log-odds ratio in standard errors."""
        return self.ratio / self.error

    @cached_property
    def lower(self) -> Floats:
        """What the log-odds ratio is at least, almost surely."""
        return self.ratio - CERTAINTY * self.error

    @cached_property
    def upper(self) -> Floats:
        """What the log-odds ratio is at most, almost surely."""
        return self.ratio + CERTAINTY * self.error


def log_odds(counts: npt.NDArray[np.int64], prior: float) -> LogOdds:
    """Computes the statistic.

    Args:
        counts: int64 `(categories, words)`, how often a category's responses have a word.
        prior: tokens of the prior for each token of the data, above 0.
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
    """Counts of each word, and of all words but it, with the prior's added."""
    totals = counts.sum(1, keepdims=True)
    posterior = counts + prior * totals * frequency
    return posterior, totals * (1 + prior) - posterior
