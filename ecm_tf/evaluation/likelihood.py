"""How probable a model finds the replies of a split."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from ecm_tf.evaluation.intervals import Figure, ratio
from ecm_tf.model import ECM
from ecm_tf.model.perplexity import Perplexity, PerplexityMeter


@dataclass(frozen=True)
class Likelihoods:
    """One entry a pair of the split.

    Attributes:
        nll: float32, negative log-likelihood of the reply and its end, in nats.
        tokens: int32, how many tokens that are.
        emotions: int32, categories.
    """

    nll: np.ndarray
    tokens: np.ndarray
    emotions: np.ndarray

    def perplexity(self, emotion: int | None = None) -> Perplexity:
        """Both perplexities, of all pairs or of those of one category."""
        chosen = slice(None) if emotion is None else self.emotions == emotion
        perplexity = Perplexity()
        perplexity.update(self.nll[chosen], self.tokens[chosen])
        return perplexity

    def token_perplexity(self) -> Figure:
        """Token perplexity of all pairs with its interval."""
        rate = ratio(self.nll, self.tokens)
        return Figure(*np.exp([rate.value, rate.low, rate.high]).tolist())


def likelihoods(model: ECM, batches: tf.data.Dataset, progress: str | None = None) -> Likelihoods:
    """Goes through a split.

    Args:
        model: the model.
        batches: from `ecm_tf.dataset.evaluation_batches`; at least one.
        progress: what a progress bar on stderr calls this.
    """
    rows = [
        (nll.numpy(), tokens.numpy(), batch["emotion"].numpy())
        for batch, nll, tokens in PerplexityMeter(model).replies(batches, progress)
    ]
    return Likelihoods(*(np.concatenate(column) for column in zip(*rows, strict=True)))
