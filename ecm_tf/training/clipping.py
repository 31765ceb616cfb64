"""Gradient clipping with a separate norm for some of the weights."""

from typing import Any

import keras


class _SeparateClipping(keras.optimizers.Optimizer):
    """Clips the gradients of the last `num_separate` weights by their own global norm."""

    num_separate: int

    def _clip_gradients(self, grads: list[Any]) -> list[Any]:
        first = len(grads) - self.num_separate
        return [
            *super()._clip_gradients(grads[:first]),
            *super()._clip_gradients(grads[first:]),
        ]


def with_separate_clipping(
    optimizer_class: type[keras.optimizers.Optimizer], num_separate: int
) -> type[keras.optimizers.Optimizer]:
    """Returns an optimizer class with which some weights do not influence the others.

    `global_clipnorm` scales all gradients by their common norm. With this class, the last
    `num_separate` weights have a norm of their own, so that the others get the same updates as
    without them.

    Args:
        optimizer_class: the class to derive from.
        num_separate: how many of the last trainable weights to clip separately, at least 1; all
            weights must have a gradient.
    """
    bases = (_SeparateClipping, optimizer_class)
    return type(optimizer_class.__name__, bases, {"num_separate": num_separate})
