"""Dropout whose random state is part of a checkpoint."""

from typing import Any

import keras


@keras.saving.register_keras_serializable("ecm_tf")
class Dropout(keras.layers.Dropout):
    """`keras.layers.Dropout` that saves its random state, so that a resumed run draws the same.

    The state is not one of the weights: a model with dropout has the weights of one without. A rate
    of 0 adds nothing to a graph and has no state.
    """

    def save_own_variables(self, store: Any) -> None:
        """Saves the random state."""
        if self.rate > 0:
            store["seed"] = self.seed_generator.state

    def load_own_variables(self, store: Any) -> None:
        """Loads the random state; an imported run has none, and continues with a new one."""
        if self.rate > 0 and "seed" in store:
            self.seed_generator.state.assign(store["seed"])
