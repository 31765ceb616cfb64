"""The imports of commands that need TensorFlow."""

import contextlib
import importlib
import sys
from collections.abc import Iterator

from ecm_tf.core.cpus import limit_tensorflow_threads
from ecm_tf.core.native_stderr import suppress_native_stderr

UNUSED_BY_KERAS = ("IPython", "matplotlib", "pandas", "sklearn")
"""Packages that Keras imports if they are installed, for functions that no command uses."""


@contextlib.contextmanager
def importing_tensorflow() -> Iterator[None]:
    """Imports Keras without `UNUSED_BY_KERAS`, which takes a third less time.

    The block imports the modules of this project that need Keras; native stderr is suppressed
    there, and TensorFlow's threads are limited to the available CPUs. The packages can be imported
    afterwards, but Keras's own functions for them are missing in this process, so that this is for
    commands only, not for the Python API.
    """
    with suppress_native_stderr():
        if "keras" not in sys.modules:
            absent = [name for name in UNUSED_BY_KERAS if name not in sys.modules]
            sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
            try:
                importlib.import_module("keras")
            finally:
                for name in absent:
                    del sys.modules[name]
        limit_tensorflow_threads()
        yield
