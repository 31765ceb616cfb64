"""Perplexity of a model on batches."""

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
        for batch in tqdm(batches, desc=progress, unit="batch", disable=progress is None or None):
            perplexity.update(*self._reply_nll(batch))
        return perplexity
