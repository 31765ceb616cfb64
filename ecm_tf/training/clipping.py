"""Gradient clipping that treats some weights apart."""

from typing import Any

import keras


class _ClipsApart(keras.optimizers.Optimizer):
    """Clips the gradients of the last `apart` weights to the global norm on their own."""

    apart: int

    def _clip_gradients(self, grads: list[Any]) -> list[Any]:
        first = len(grads) - self.apart
        return [
            *super()._clip_gradients(grads[:first]),
            *super()._clip_gradients(grads[first:]),
        ]


def clipping_apart(
    optimizer_class: type[keras.optimizers.Optimizer], number: int
) -> type[keras.optimizers.Optimizer]:
    """Returns an optimizer class with which some weights do not influence the others.

    `global_clipnorm` scales all gradients by their common norm. With this class, the last `number`
    weights have a norm of their own, so that the others get the same updates as without them.

    Args:
        optimizer_class: the class to derive from.
        number: of the last trainable weights to clip apart, at least 1; all weights must have a
            gradient.
    """
    bases = (_ClipsApart, optimizer_class)
    return type(optimizer_class.__name__, bases, {"apart": number})
