"""Learning-rate decay of the original program."""

import itertools
from collections.abc import Sequence

from ecm_tf.training.callbacks.evaluation import EvaluationListener
from ecm_tf.training.history import HistoryRow


class LearningRateDecay(EvaluationListener):
    """Lowers the learning rate when the training loss exceeds each of the three before it.

    As in the original program, the losses are means over full intervals of `steps_per_checkpoint`
    steps: evaluations at the ends of epochs do not count.

    `keras.callbacks.ReduceLROnPlateau` cannot replace this: it looks at epochs, has another rule
    and forgets its state whenever `fit` begins.

    Args:
        factor: the learning rate is multiplied by it, in (0, 1].
        interval: steps between two decisions, `steps_per_checkpoint`.
    """

    def __init__(self, factor: float, *, interval: int) -> None:
        super().__init__()
        self._factor = factor
        self._interval = interval

    def on_evaluation(self, history: Sequence[HistoryRow]) -> None:
        """Applies the rule at the end of an interval."""
        if history[-1].step % self._interval:
            return
        losses = interval_losses(history, self._interval)
        if len(losses) > 3 and losses[-1] > max(losses[-4:-1]):
            optimizer = self.model.optimizer
            optimizer.learning_rate = float(optimizer.learning_rate) * self._factor


def interval_losses(history: Sequence[HistoryRow], interval: int) -> list[float]:
    """Returns the mean training loss of each full interval.

    Args:
        history: evaluations in order of steps; the loss of each is the mean since the one before.
        interval: steps of an interval; intervals end at its multiples. One that began before the
            history did, in an imported run, is left out.
    """
    losses = []
    total, steps = 0.0, 0
    for before, row in itertools.pairwise(history):
        total += row.train_loss * (row.step - before.step)
        steps += row.step - before.step
        if row.step % interval == 0:
            if steps == interval:
                losses.append(total / steps)
            total, steps = 0.0, 0
    return losses
