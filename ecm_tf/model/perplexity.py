"""Perplexity: per token, and per sentence as the original program reports it."""

import math
from collections.abc import Iterator

import tensorflow as tf
from tqdm import tqdm

from ecm_tf.model.ecm import ECM, INPUT_SIGNATURE


class Perplexity:
    """Collects negative log-likelihoods; both perplexities come out of one pass.

    - token: `exp(sum of nll / tokens)`, the usual one;
    - sentence: `exp(mean over replies of (nll averaged over the reply's tokens))`, the original's.
    """

    def __init__(self):
        self._nll = self._tokens = self._sentence_nll = self._sentences = 0.0

    def update(self, reply_nll, reply_tokens):
        """Adds replies.

        Args:
            reply_nll: float `(batch,)`, summed over each reply's tokens.
            reply_tokens: int `(batch,)`, at least 1 each.
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
        """The original's per-sentence perplexity; NaN before the first update."""
        return _exp_of_mean(self._sentence_nll, self._sentences)


def _exp_of_mean(total, count):
    # exp(700) is about the largest float64; an untrained model may be worse than that.
    return math.exp(min(total / count, 700.0)) if count else math.nan


class PerplexityMeter:
    """Measures one model again and again, without tracing its graph anew.

    Args:
        model: its weights are read at each `measure`.
    """

    def __init__(self, model: ECM) -> None:
        self._reply_nll = tf.function(model.reply_nll, input_signature=[INPUT_SIGNATURE])

    def measure(self, batches: tf.data.Dataset, progress: str | None = None) -> Perplexity:
        """Both perplexities over all batches.

        Args:
            batches: from `ecm_tf.dataset.evaluation_batches`.
            progress: what a progress bar on stderr calls this; None shows none, nor does
                a stderr that is no terminal.
        """
        perplexity = Perplexity()
        for _, nll, tokens in self.replies(batches, progress):
            perplexity.update(nll, tokens)
        return perplexity

    def replies(
        self, batches: tf.data.Dataset, progress: str | None = None
    ) -> Iterator[tuple[dict[str, tf.Tensor], tf.Tensor, tf.Tensor]]:
        """Each batch with what `ECM.reply_nll` says of it; arguments as for `measure`."""
        for batch in tqdm(batches, desc=progress, unit="batch", disable=progress is None or None):
            yield batch, *self._reply_nll(batch)
