"""Likelihood of the responses of a split under a model."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from ecm_tf.evaluation.intervals import Estimate, ratio
from ecm_tf.model.perplexity import Perplexity, PerplexityMeter, perplexity_of


@dataclass(frozen=True)
class Likelihoods:
    """Negative log-likelihoods of the responses of a split, one entry per pair.

    Attributes:
        nll: float32, negative log-likelihood of the response and its end token, in nats.
        tokens: int32, number of these tokens.
        emotions: int32, emotion ids.
    """

    nll: np.ndarray
    tokens: np.ndarray
    emotions: np.ndarray

    def perplexity(self, emotion: int | None = None) -> Perplexity:
        """Returns both perplexities of all pairs, or of the pairs of one category."""
        chosen = slice(None) if emotion is None else self.emotions == emotion
        perplexity = Perplexity()
        perplexity.update(self.nll[chosen], self.tokens[chosen])
        return perplexity

    def token_perplexity(self) -> Estimate:
        """Returns the perplexity per token of all pairs, with its confidence interval."""
        rate = ratio(self.nll, self.tokens)
        return Estimate(*map(perplexity_of, (rate.value, rate.low, rate.high)))


def likelihoods(
    meter: PerplexityMeter, batches: tf.data.Dataset, progress: str | None = None
) -> Likelihoods:
    """Computes the negative log-likelihood of every response of a split.

    Args:
        meter: the model's meter.
        batches: from `ecm_tf.data.batches.evaluation_batches`; at least one.
        progress: label of a progress bar on stderr; `None` shows none.
    """
    rows = [
        (nll.numpy(), tokens.numpy(), batch["emotion"].numpy())
        for batch, nll, tokens in meter.response_nll(batches, progress)
    ]
    return Likelihoods(*(np.concatenate(column) for column in zip(*rows, strict=True)))
