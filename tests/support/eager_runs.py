"""Training runs without graphs: for tiny models, tracing takes longer than the run itself."""

import contextlib
import warnings
from collections.abc import Iterator
from unittest import mock

import tensorflow as tf

from ecm_tf.report import Picture


def without_pictures() -> contextlib.AbstractContextManager[object]:
    """Writes an empty `learning_curve.png` inside the `with` block: drawing takes longer."""
    nothing = Picture("learning_curve.png", "", b"")
    return mock.patch("ecm_tf.training.history.learning_curve", return_value=nothing)


@contextlib.contextmanager
def eager_execution(*, pictures: bool = False) -> Iterator[None]:
    """Runs functions eagerly inside the `with` block, whatever happens in it.

    Args:
        pictures: whether `learning_curve.png` is drawn, which takes as long as several steps.
    """
    eager = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        with (
            contextlib.nullcontext() if pictures else without_pictures(),
            warnings.catch_warnings(),
        ):
            # tf.data functions stay graphs, and TensorFlow warns about it.
            warnings.filterwarnings("ignore", "Even though the `tf.config", UserWarning)
            yield
    finally:
        tf.config.run_functions_eagerly(eager)
