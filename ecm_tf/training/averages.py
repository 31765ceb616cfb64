"""Moving averages of the weights over the steps of a run."""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras

from ecm_tf.training.adam import FusedAdam


class _KeepsWeights:
    """Keeps the weights at the end of `fit`, when Keras replaces them with their averages.

    A run calls `fit` once per epoch, and the next epoch continues from the weights.
    """

    def finalize_variable_values(self, var_list: Any) -> None:
        """Changes nothing."""


class AveragingSGD(_KeepsWeights, keras.optimizers.SGD):
    """SGD with `use_ema=True`, for `averaged_weights`."""


class AveragingAdam(_KeepsWeights, FusedAdam):
    """Adam with `use_ema=True`, for `averaged_weights`."""


@contextlib.contextmanager
def averaged_weights(model: keras.Model) -> Iterator[None]:
    """Gives the model the averages of its weights while the `with` block runs.

    Nothing changes if the optimizer keeps no averages (`use_ema=False`), or before the first step.
    `keras.callbacks.SwapEMAWeights` cannot replace this: it swaps at the ends of epochs and in
    `evaluate`, not at evaluations.

    Args:
        model: compiled.
    """
    # With float16, Keras wraps the optimizer in one that scales the loss.
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    if not (optimizer.use_ema and int(optimizer.iterations)):
        yield
        return
    weights = model.trainable_variables
    values = [weight.numpy() for weight in weights]
    keras.optimizers.Optimizer.finalize_variable_values(optimizer, weights)
    try:
        yield
    finally:
        for weight, value in zip(weights, values, strict=True):
            weight.assign(value)
