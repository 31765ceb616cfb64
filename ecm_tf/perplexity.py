"""Perplexity of a model on batches."""

from collections.abc import Iterator

import tensorflow as tf
from tqdm import tqdm

from ecm_tf.metrics import Perplexity
from ecm_tf.model import BATCH, ECM


class PerplexityMeter:
    """Measures one model again and again, without tracing its graph anew.

    Args:
        model: its weights are read at each `measure`.
    """

    def __init__(self, model: ECM) -> None:
        self._reply_nll = tf.function(model.reply_nll, input_signature=[BATCH])

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
