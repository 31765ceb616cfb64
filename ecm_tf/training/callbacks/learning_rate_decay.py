"""Learning-rate decay of the original program."""

import math
from collections.abc import Sequence

from ecm_tf.training.callbacks.evaluation import EvaluationListener
from ecm_tf.training.history import HistoryRow


class LearningRateDecay(EvaluationListener):
    """Lowers the learning rate when the training loss exceeds each of the three before it.

    `keras.callbacks.ReduceLROnPlateau` cannot replace this: it looks at epochs, has another rule
    and forgets its state whenever `fit` begins.

    Args:
        factor: the learning rate is multiplied by it, in (0, 1].
    """

    def __init__(self, factor: float) -> None:
        super().__init__()
        self._factor = factor

    def on_evaluation(self, history: Sequence[HistoryRow]) -> None:
        """Applies the rule to the training losses."""
        *before, loss = [row.train_loss for row in history if row.step] or [math.nan]
        if len(before) > 2 and loss > max(before[-3:]):
            optimizer = self.model.optimizer
            optimizer.learning_rate = float(optimizer.learning_rate) * self._factor
