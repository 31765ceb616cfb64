"""The end of a learning-rate schedule: a linear decrease over the last epochs."""

from collections.abc import Callable
from typing import Any

import keras


class Cooldown(keras.callbacks.Callback):
    """Lowers the learning rate linearly in the last steps of a run, to one step above 0.

        lr_t = lr · (end − t) / steps, for t ≥ end − steps

    It multiplies the current rate, so that a resumed run continues it and the changes by
    `LearningRateDecay` are kept, which the schedules of `keras.optimizers` would replace.

    Args:
        steps: the last steps of the run, 0 for none.
        end: steps of the whole run.
        step: returns the number of finished steps.
    """

    def __init__(self, steps: int, end: int, step: Callable[[], int]) -> None:
        super().__init__()
        self._steps = steps
        self._end = end
        self._step = step

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Sets the learning rate of the next step."""
        left = self._end - self._step()
        if 0 < left < self._steps:
            optimizer = self.model.optimizer
            optimizer.learning_rate = float(optimizer.learning_rate) * left / (left + 1)
