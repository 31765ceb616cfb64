"""Computation of a large batch in parts, which bounds the memory of a signature."""

from collections.abc import Callable, Sequence

import tensorflow as tf

MAX_LOGITS = 8_000_000
"""Maximum number of logits (hypotheses × words) that a decoding step holds at a time.

A decoder needs several float32 tensors of this size, of 32 MB each.
"""


def in_parts(
    function: Callable[..., dict[str, tf.Tensor]],
    specs: Sequence[tf.TensorSpec],
    rows: int,
    weights: Callable[..., tf.Tensor] | None = None,
) -> Callable[..., dict[str, tf.Tensor]]:
    """Returns a function that computes the same as `function`, a limited number of rows at a time.

    The parts are computed one after the other, so the peak memory does not grow with the batch.

    Args:
        function: graph code from tensors to outputs. Dimension 0 of every input and output is the
            batch, and a row's outputs do not depend on other rows.
        specs: specifications of its inputs.
        rows: maximum number of rows of a part, at least 1.
        weights: function from the inputs to int32 `(batch,)`, at least 1: how many rows each row
            counts as. None: one. A row that counts as more than `rows` is a part by itself.
    """
    # Traced once, although an export traces every signature twice.
    part = tf.function(function, autograph=False).get_concrete_function(*specs)
    outputs = part.structured_outputs

    def compute(*inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        batch = tf.shape(inputs[0])[0]
        ends = tf.cumsum(weights(*inputs)) if weights else tf.range(1, batch + 1)
        parts = {
            name: tf.TensorArray(
                output.dtype,
                0,
                dynamic_size=True,
                infer_shape=False,
                element_shape=[None, *output.shape[1:]],
            )
            for name, output in outputs.items()
        }

        def add(
            index: tf.Tensor, start: tf.Tensor, parts: dict[str, tf.TensorArray]
        ) -> tuple[tf.Tensor, tf.Tensor, dict[str, tf.TensorArray]]:
            before = tf.reduce_max(tf.concat([[0], ends[:start]], 0))
            fitting = tf.searchsorted(ends, [before + rows], side="right")[0]
            end = tf.maximum(start + 1, fitting)
            results = part(*(column[start:end] for column in inputs))
            written = {name: parts[name].write(index, results[name]) for name in parts}
            return index + 1, end, written

        # An empty batch is one part as well, so that its outputs have their shapes.
        _, _, parts = tf.while_loop(
            lambda index, start, _: (start < batch) | (index == 0),
            add,
            (0, 0, parts),
            parallel_iterations=1,
        )
        return {
            name: tf.ensure_shape(array.concat(), [None, *outputs[name].shape[1:]])
            for name, array in parts.items()
        }

    return compute
