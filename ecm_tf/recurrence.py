"""The one loop over time that encoder and decoder share."""

import tensorflow as tf


def scan(step, inputs, state, mask, output_size):
    """Runs a recurrence over the first axis of its inputs.

    `keras.ops.scan` wants outputs shaped like the state, which the decoder's are not.

    Args:
        step: `step(inputs_t, state) -> (output_t, state)`, where a state is a list of float
            `(batch, …)`.
        inputs: float `(time, batch, …)`.
        state: the state before the first step.
        mask: bool `(time, batch)`: where False, a row's state stays as it was.
        output_size: last dimension of a step's output.

    Returns:
        The outputs, float `(time, batch, output_size)`, and the last state.
    """
    time, batch = tf.shape(inputs)[0], inputs.shape[1]
    projected = tf.TensorArray(inputs.dtype, time, element_shape=inputs.shape[1:]).unstack(inputs)
    keep_row = tf.TensorArray(tf.bool, time, element_shape=[batch]).unstack(mask)
    outputs = tf.TensorArray(inputs.dtype, time, element_shape=[batch, output_size])

    def body(t, state, outputs):
        output, new_state = step(projected.read(t), state)
        keep = tf.expand_dims(keep_row.read(t), 1)
        kept = [tf.where(keep, new, old) for new, old in zip(new_state, state, strict=True)]
        return t + 1, kept, outputs.write(t, output)

    # Without a static batch size every entry must be allowed to vary in it.
    shapes = [tf.TensorShape([batch, *entry.shape[1:]]) for entry in state]
    _, state, outputs = tf.while_loop(
        lambda t, *_: t < time,
        body,
        (0, list(state), outputs),
        shape_invariants=(tf.TensorShape([]), shapes, tf.TensorShape(None)),
    )
    return outputs.stack(), state
