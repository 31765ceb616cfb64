"""Perplexity, per token and per sentence."""

import math
from collections.abc import Iterator

import tensorflow as tf
from tqdm import tqdm

from ecm_tf.model.ecm import ECM, INPUT_SIGNATURE

_MAX_EXPONENT = 700.0
"""`exp(700)` is about the largest float64. An untrained model may exceed 700 nats per token."""


class Perplexity:
    """Accumulates negative log-likelihoods and computes two kinds of perplexity.

        token    = exp(sum of nll / number of tokens)
        sentence = exp(mean over responses of (nll / tokens of the response))

    Token perplexity is the usual one; the original program reports sentence perplexity.
    """

    def __init__(self) -> None:
        self._nll = self._tokens = self._sentence_nll = self._sentences = 0.0

    def update(self, reply_nll: tf.Tensor, reply_tokens: tf.Tensor) -> None:
        """Adds responses.

        Args:
            reply_nll: float `(batch,)`, summed over the tokens of each response, in nats.
            reply_tokens: int `(batch,)`, number of tokens of each response, at least 1.
        """
        nll, tokens = tf.cast(reply_nll, tf.float64), tf.cast(reply_tokens, tf.float64)
        self._nll += float(tf.reduce_sum(nll))
        self._tokens += float(tf.reduce_sum(tokens))
        self._sentence_nll += float(tf.reduce_sum(nll / tokens))
        self._sentences += len(reply_tokens)

    @property
    def token(self) -> float:
        """Token perplexity; NaN before the first update."""
        return _exp_of_mean(self._nll, self._tokens)

    @property
    def sentence(self) -> float:
        """Sentence perplexity; NaN before the first update."""
        return _exp_of_mean(self._sentence_nll, self._sentences)


def perplexity_of(nats: float) -> float:
    """Returns the perplexity for a mean negative log-likelihood.

    It is at most `exp(700)` if that is finite; otherwise the model has diverged, and it is not
    finite either.
    """
    return math.exp(min(nats, _MAX_EXPONENT)) if math.isfinite(nats) else nats


def _exp_of_mean(total: float, count: float) -> float:
    return perplexity_of(total / count) if count else math.nan


class PerplexityMeter:
    """Measures the perplexity of a model, any number of times, with one graph.

    Args:
        model: the model; each measurement uses its current weights.
    """

    def __init__(self, model: ECM) -> None:
        self._reply_nll = tf.function(
            model.reply_nll, input_signature=[INPUT_SIGNATURE], autograph=False
        )

    def measure(self, batches: tf.data.Dataset, progress: str | None = None) -> Perplexity:
        """Returns the perplexity over all batches.

        Args:
            batches: from `ecm_tf.data.batches.evaluation_batches`.
            progress: label of a progress bar on stderr; None: no bar. It is shown only if stderr is
                a terminal.
        """
        perplexity = Perplexity()
        for _, nll, tokens in self.response_nll(batches, progress):
            perplexity.update(nll, tokens)
        return perplexity

    def response_nll(
        self, batches: tf.data.Dataset, progress: str | None = None
    ) -> Iterator[tuple[dict[str, tf.Tensor], tf.Tensor, tf.Tensor]]:
        """Yields each batch with the result of `ECM.reply_nll`; arguments as for `measure`.

        Batches may have entries that are not inputs of the model.
        """
        for batch in tqdm(batches, desc=progress, unit="batch", disable=progress is None or None):
            yield batch, *self._reply_nll({name: batch[name] for name in INPUT_SIGNATURE})
