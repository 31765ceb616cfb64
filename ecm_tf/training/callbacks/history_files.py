"""The history of evaluations as files."""

from collections.abc import Sequence
from pathlib import Path

from ecm_tf.training.callbacks.evaluation import EvaluationListener
from ecm_tf.training.history import HistoryRow, write_history


class HistoryFiles(EvaluationListener):
    """Writes `history.csv` and `learning_curve.png` at each evaluation.

    `keras.callbacks.CSVLogger` cannot replace this: it writes a row per epoch, and only appends, so
    that a run resumed from an older checkpoint would leave rows that no longer hold.

    Args:
        train_dir: where the files are written; its name becomes the picture's title.
    """

    def __init__(self, train_dir: Path) -> None:
        super().__init__()
        self._train_dir = train_dir

    def on_evaluation(self, history: Sequence[HistoryRow]) -> None:
        """Writes both files."""
        write_history(self._train_dir, history, self._train_dir.name)
