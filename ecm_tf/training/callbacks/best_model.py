"""The model with the lowest dev perplexity."""

from collections.abc import Callable, Sequence

from ecm_tf.training.callbacks.evaluation import EvaluationListener
from ecm_tf.training.history import HistoryRow


class BestModel(EvaluationListener):
    """Saves the model whenever its dev perplexity is the lowest so far.

    `keras.callbacks.ModelCheckpoint` cannot replace this: it saves at the end of epochs or every so
    many batches of one `fit`, not at evaluations, and a file instead of a model directory.

    Args:
        best: the evaluation of the model that is saved already; None in a new run.
        save: saves the model; called with its evaluation.
    """

    def __init__(self, best: HistoryRow | None, save: Callable[[HistoryRow], None]) -> None:
        super().__init__()
        self.best = best
        self._save = save

    def on_evaluation(self, history: Sequence[HistoryRow]) -> None:
        """Saves the model if it is better than the best so far."""
        row = history[-1]
        if self.best is None or row.dev_perplexity < self.best.dev_perplexity:
            self.best = row
            self._save(row)
