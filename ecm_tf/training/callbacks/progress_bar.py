"""Progress of a training run on standard error."""

from typing import Any

import keras
from tqdm import tqdm


class ProgressBar(keras.callbacks.Callback):
    """Shows one progress bar for all epochs, if standard error is a terminal.

    `verbose=1` of `fit` cannot replace this: it shows a bar per epoch and does not know that a
    resumed epoch starts in the middle.

    Args:
        total: steps of the whole run.
        initial: steps that are done already.
    """

    def __init__(self, total: int, initial: int) -> None:
        super().__init__()
        self._bar = tqdm(desc="training", total=total, initial=initial, unit="step", disable=None)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Advances by one step."""
        self._bar.update()

    def close(self) -> None:
        """Removes the bar."""
        self._bar.close()
