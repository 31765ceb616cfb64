"""Scalars for TensorBoard."""

from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf

from ecm_tf.training.callbacks.evaluation import EvaluationListener
from ecm_tf.training.history import HistoryRow

_SCALARS = ("train_loss", "dev_perplexity", "learning_rate")


class TensorBoardLog(EvaluationListener):
    """Writes training loss, dev perplexity and learning rate of each evaluation.

    `keras.callbacks.TensorBoard` cannot replace this: it writes per epoch, or per batch with a step
    counter that starts at 0 again when a run is resumed.

    Args:
        directory: where the event files are written.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._writer = tf.summary.create_file_writer(str(directory))

    def on_evaluation(self, history: Sequence[HistoryRow]) -> None:
        """Writes the newest row."""
        row = history[-1]
        with self._writer.as_default(step=row.step):
            for name in _SCALARS:
                tf.summary.scalar(name, getattr(row, name))

    def close(self) -> None:
        """Closes the event file."""
        self._writer.close()
