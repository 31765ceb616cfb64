"""Training runs without graphs: for tiny models, tracing takes longer than the run itself."""

import contextlib
import warnings
from collections.abc import Iterator
from unittest import mock

import tensorflow as tf

from ecm_tf.report import Picture


@contextlib.contextmanager
def eager_execution(*, pictures: bool = False) -> Iterator[None]:
    """Runs functions eagerly inside the `with` block, whatever happens in it.

    Args:
        pictures: whether `learning_curve.png` is drawn, which takes as long as several steps.
    """
    eager = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    nothing = Picture("learning_curve.png", "", b"")
    draw: contextlib.AbstractContextManager[object] = contextlib.nullcontext()
    if not pictures:
        draw = mock.patch("ecm_tf.training.history.learning_curve", return_value=nothing)
    try:
        with draw, warnings.catch_warnings():
            # tf.data functions stay graphs, and TensorFlow warns about it.
            warnings.filterwarnings("ignore", "Even though the `tf.config", UserWarning)
            yield
    finally:
        tf.config.run_functions_eagerly(eager)
