"""Early stopping by dev perplexity."""

from collections.abc import Sequence

from ecm_tf.training.callbacks.best_model import BestModel
from ecm_tf.training.callbacks.evaluation import EvaluationListener
from ecm_tf.training.history import HistoryRow


class EarlyStopping(EvaluationListener):
    """Decides at the end of each epoch whether the dev perplexity still improves.

    `keras.callbacks.EarlyStopping` cannot replace this: it forgets the best value whenever `fit`
    begins, and a run calls `fit` once per epoch and may be resumed.

    Args:
        patience: epochs without a lower dev perplexity after which to stop; 0 never stops.
        steps_per_epoch: batches of an epoch.
        best_model: knows the best evaluation; it must be an earlier listener than this one.
        history: the evaluations of the run so far.
    """

    def __init__(
        self,
        patience: int,
        *,
        steps_per_epoch: int,
        best_model: BestModel,
        history: Sequence[HistoryRow],
    ) -> None:
        super().__init__()
        self.patience = patience
        self._steps_per_epoch = steps_per_epoch
        self._best_model = best_model
        self.stopped = False
        """Whether training should stop, as of the last evaluation."""
        if history:
            self.on_evaluation(history)

    def on_evaluation(self, history: Sequence[HistoryRow]) -> None:
        """Updates `stopped` at the end of an epoch."""
        step, best = history[-1].step, self._best_model.best
        if best is not None and step % self._steps_per_epoch == 0:
            self.stopped = 0 < self.patience * self._steps_per_epoch <= step - best.step
