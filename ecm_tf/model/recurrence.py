"""The loop over time that encoder and decoder share, and a variant for TensorFlow Lite."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

Step = Callable[[tf.Tensor, list[tf.Tensor]], tuple[tf.Tensor, list[tf.Tensor]]]
Scan = Callable[
    [Step, tf.Tensor, list[tf.Tensor], tf.Tensor, int | None], tuple[tf.Tensor, list[tf.Tensor]]
]


def scan(
    step: Step,
    inputs: tf.Tensor,
    state: list[tf.Tensor],
    mask: tf.Tensor,
    output_size: int | None,
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Runs a recurrence over the first axis of its inputs.

        output_t, state_t = step(inputs_t, state_{t-1})

    `keras.ops.scan` has no mask and no shape invariants, which an unknown batch size needs.

    Args:
        step: `step(inputs_t, state) -> (output_t, state)`, where a state is a list of float
            `(batch, …)`.
        inputs: float `(time, batch, …)`.
        state: the state before the first step.
        mask: bool `(time, batch)`; where False, the state of the row is kept.
        output_size: last dimension of a step's output; None if unknown.

    Returns:
        The outputs, float `(time, batch, output_size)`, and the state after the last step.
    """
    batch = inputs.shape[1]
    # XLA compiles the gradient of a loop only if the number of its steps is static.
    steps = inputs.shape[0]
    time = tf.shape(inputs)[0] if steps is None else steps
    projected = tf.TensorArray(inputs.dtype, time, element_shape=inputs.shape[1:]).unstack(inputs)
    masks = tf.TensorArray(tf.bool, time, element_shape=[batch]).unstack(mask)
    outputs = tf.TensorArray(inputs.dtype, time, element_shape=[batch, output_size])

    def body(t: tf.Tensor, state: list[tf.Tensor], outputs: Any) -> tuple[Any, ...]:
        output, new_state = step(projected.read(t), state)
        return t + 1, _select_state(masks.read(t), new_state, state), outputs.write(t, output)

    state, outputs = _loop(body, time, batch, state, outputs, None, maximum_iterations=steps)
    stacked = outputs.stack()
    stacked.set_shape([steps, batch, output_size])
    return stacked, state


def scan_without_arrays(
    step: Step,
    inputs: tf.Tensor,
    state: list[tf.Tensor],
    mask: tf.Tensor,
    output_size: int | None,
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Runs a recurrence like `scan`, without TensorArrays.

    TensorFlow Lite needs a fixed batch size for TensorArrays. This function copies all outputs at
    each step, which is acceptable for short posts and too slow for training.
    """
    time, batch = tf.shape(inputs)[0], inputs.shape[1]
    positions = tf.reshape(tf.range(time), [-1, 1, 1])

    def body(t: tf.Tensor, state: list[tf.Tensor], outputs: Any) -> tuple[Any, ...]:
        output, new_state = step(tf.gather(inputs, t), state)
        state = _select_state(tf.gather(mask, t), new_state, state)
        return t + 1, state, tf.where(positions == t, tf.expand_dims(output, 0), outputs)

    empty = tf.zeros([time, tf.shape(inputs)[1], output_size], inputs.dtype)
    state, outputs = _loop(body, time, batch, state, empty, [None, batch, output_size])
    return outputs, state


def _select_state(
    update: tf.Tensor, new_state: list[tf.Tensor], state: list[tf.Tensor]
) -> list[tf.Tensor]:
    """Returns the new state where `update`, bool `(batch,)`, is True, else the old state."""
    update = tf.expand_dims(update, 1)
    return [tf.where(update, new, old) for new, old in zip(new_state, state, strict=True)]


def _loop(
    body: Callable[..., tuple[Any, ...]],
    time: tf.Tensor | int,
    batch: int | None,
    state: list[tf.Tensor],
    outputs: Any,
    outputs_shape: Any,
    maximum_iterations: int | None = None,
) -> tuple[list[tf.Tensor], Any]:
    # If the batch size is unknown, the loop must not assume that it stays the same.
    shapes = [tf.TensorShape([batch, *entry.shape[1:]]) for entry in state]
    return tf.while_loop(
        lambda t, *_: t < time,
        body,
        (0, list(state), outputs),
        shape_invariants=(tf.TensorShape([]), shapes, tf.TensorShape(outputs_shape)),
        maximum_iterations=maximum_iterations,
    )[1:]
