"""The stderr of native libraries, hidden unless it gives the reason of a failure."""

import contextlib
import os
import subprocess
import threading
from collections.abc import Iterator

from ecm_tf.core import failures

_redirection = threading.Lock()
"""Held by the thread whose `suppress_native_stderr` redirects file descriptor 2."""
MAX_REPLAYED_BYTES = 4000
"""How much of the suppressed output is printed after a failure."""


@contextlib.contextmanager
def suppress_native_stderr() -> Iterator[None]:
    """Hides the stderr of native libraries while the `with` block runs, unless the block fails.

    TensorFlow's import and SentencePiece's initialisation print notes on file descriptor 2 that no
    log level turns off and that tell users nothing. If the block raises an unexpected exception, or
    the process aborts or is killed inside it (TensorFlow aborts on a CPU without AVX), the end of
    the output is printed: it gives the reason. Nothing is hidden if the user has set
    `TF_CPP_MIN_LOG_LEVEL` below 3, or if another block is already active.
    """
    if os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3") < "3" or not _redirection.acquire(False):
        yield
        return
    try:
        with _held_back():
            yield
    finally:
        _redirection.release()


@contextlib.contextmanager
def _held_back() -> Iterator[None]:
    """Sends file descriptor 2 to a process that prints the end of it, unless the block succeeds.

    The process outlives this one, so that the output is not lost if this process aborts.
    """
    try:
        original = os.dup(2)
    except OSError:  # stderr is closed.
        yield
        return
    try:
        # A session of its own, so that Ctrl-C does not end it before this process.
        printer = subprocess.Popen(
            ["tail", "-c", str(MAX_REPLAYED_BYTES)],
            stdin=subprocess.PIPE,
            stdout=original,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        os.close(original)
        yield
        return
    assert printer.stdin is not None
    os.dup2(printer.stdin.fileno(), 2)
    printer.stdin.close()
    succeeded = True
    try:
        yield
    except Exception as error:
        succeeded = failures.explain(error) is not None  # the sentence gives the reason
        raise
    finally:
        if succeeded:
            printer.kill()
        os.dup2(original, 2)
        os.close(original)
        # A child of the block that is still running keeps the pipe open.
        with contextlib.suppress(subprocess.TimeoutExpired):
            printer.wait(timeout=5)
