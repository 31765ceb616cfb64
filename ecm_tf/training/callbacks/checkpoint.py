"""Checkpoints to resume from."""

from collections.abc import Sequence

from ecm_tf.training.callbacks.evaluation import EvaluationListener
from ecm_tf.training.checkpoints import Checkpoints
from ecm_tf.training.history import HistoryRow


class Checkpoint(EvaluationListener):
    """Saves a checkpoint at each evaluation.

    `keras.callbacks.BackupAndRestore` cannot replace this: it keeps a single backup, without the
    history, and deletes it at the end of `fit`.

    Args:
        checkpoints: where to save.
    """

    def __init__(self, checkpoints: Checkpoints) -> None:
        super().__init__()
        self._checkpoints = checkpoints

    def on_evaluation(self, history: Sequence[HistoryRow]) -> None:
        """Saves weights, optimizer and history."""
        self._checkpoints.save(self.model, history)
