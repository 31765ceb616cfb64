"""The one loop over time that encoder and decoder share, and its twin for TensorFlow Lite."""

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
        return t + 1, _kept(keep_row.read(t), new_state, state), outputs.write(t, output)

    state, outputs = _loop(body, time, batch, state, outputs, None)
    return outputs.stack(), state


def scan_without_arrays(step, inputs, state, mask, output_size):
    """As `scan`, without the TensorArrays that TensorFlow Lite wants a fixed batch for.

    Each step copies all outputs: for posts, which are short, and not for training.
    """
    time, batch = tf.shape(inputs)[0], inputs.shape[1]
    positions = tf.reshape(tf.range(time), [-1, 1, 1])

    def body(t, state, outputs):
        output, new_state = step(tf.gather(inputs, t), state)
        kept = _kept(tf.gather(mask, t), new_state, state)
        return t + 1, kept, tf.where(positions == t, tf.expand_dims(output, 0), outputs)

    nothing = tf.zeros([time, tf.shape(inputs)[1], output_size], inputs.dtype)
    state, outputs = _loop(body, time, batch, state, nothing, [None, batch, output_size])
    return outputs, state


def _kept(keep, new_state, state):
    """The new state where `keep`, bool `(batch,)`, and the old elsewhere."""
    keep = tf.expand_dims(keep, 1)
    return [tf.where(keep, new, old) for new, old in zip(new_state, state, strict=True)]


def _loop(body, time, batch, state, outputs, outputs_shape):
    # Without a static batch size every entry must be allowed to vary in it.
    shapes = [tf.TensorShape([batch, *entry.shape[1:]]) for entry in state]
    return tf.while_loop(
        lambda t, *_: t < time,
        body,
        (0, list(state), outputs),
        shape_invariants=(tf.TensorShape([]), shapes, tf.TensorShape(outputs_shape)),
    )[1:]
