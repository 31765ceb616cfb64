"""Reports an exception that ends a command: one sentence on stderr and an exit status."""

import contextlib
import errno
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from ecm_tf.core.arguments import DEBUG
from ecm_tf.core.errors import InputError

_REASONS = {
    errno.ENOENT: "no such file or directory",
    errno.EISDIR: "expected a file, got a directory",
    errno.ENOTDIR: "expected a directory, got a file",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ENOSPC: "no space is left on the disk",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
}
_TENSORFLOW_CODES = {5, 7, 8, 15}
"""TensorFlow's codes for a missing file, no permission, no memory or space, and damaged data."""


def report(error: Exception) -> int:
    """Prints a failure on stderr and returns the exit status.

    With the flag `--debug`, the traceback is printed first.

    Args:
        error: the exception that a command raised.

    Returns:
        2 if the user can correct the cause, else 1.
    """
    known = explain(error)
    sentence = known or (
        f"unexpected {type(error).__name__}: {_one_line(error)}; please run the command again with "
        "--debug and report the traceback, as CONTRIBUTING.md describes."
    )
    # Nobody can be told if stderr cannot be written.
    with contextlib.suppress(OSError):
        if os.environ.get(DEBUG):
            traceback.print_exception(error)
        print(f"error: {sentence}", file=sys.stderr, flush=True)
    return 2 if known else 1


def explain(error: Exception) -> str | None:
    """Returns a sentence about a failure that the user can correct, None for another failure."""
    from concurrent.futures.process import BrokenProcessPool

    match error:
        case InputError():
            return str(error)
        case UnicodeEncodeError():
            text = error.object[max(0, error.start - 20) : error.end + 20]
            encoding = error.encoding.upper()
            return f"expected text that {encoding} can encode, got {text!r}."
        case UnicodeDecodeError():
            return (
                f"expected {error.encoding.upper()} text, got the byte "
                f"0x{error.object[error.start]:02x} at byte {error.start + 1}."
            )
        case BrokenProcessPool():
            return (
                "a worker process ended unexpectedly, usually because memory ran out; use fewer "
                "--workers."
            )
        case OSError():
            return _explain_os_error(error)
        case MemoryError():
            return f"not enough memory: {_one_line(error) or 'an allocation failed'}."
    return _explain_tensorflow_error(error)


def _explain_os_error(error: OSError) -> str:
    names = [os.fsdecode(n) for n in (error.filename, error.filename2) if _is_path(n)]
    reason = _REASONS.get(error.errno or 0) or error.strerror or str(error) or type(error).__name__
    if error.errno in (errno.ENOTDIR, errno.EEXIST) and names:
        path = Path(names[-1])
        files = [parent for parent in (path, *path.parents) if parent.is_file()]
        if files:
            names, reason = [str(files[0])], _REASONS[errno.ENOTDIR]
    sentence = " ".join(reason.split()).rstrip(".") + "."
    return f"{' to '.join(names)}: {sentence}" if names else sentence


def _is_path(name: Any) -> bool:
    return isinstance(name, str | bytes | os.PathLike)


def _explain_tensorflow_error(error: Exception) -> str | None:
    """Returns a sentence about a TensorFlow error of a file or of memory."""
    # This layer does not import TensorFlow; its exceptions exist only if it has been imported.
    module = sys.modules.get("tensorflow.python.framework.errors_impl")
    if module is None or not isinstance(error, module.OpError):
        return None
    message = error.message.strip().splitlines()[0].rstrip(".") if error.message else ""
    about_directory = message.lower().endswith(("is a directory", "not a directory"))
    if error.error_code in _TENSORFLOW_CODES or about_directory:
        return f"TensorFlow: {message or type(error).__name__}."
    return None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")


def prepare_streams() -> None:
    r"""Opens stdin, stdout and stderr if they are closed, and makes stdout accept any character.

    A closed stream (`2>&-`) is None in Python, and the next file that is opened would get its file
    descriptor, so native libraries would write their messages into that file.

    A character that the encoding of stdout lacks is printed as `\uXXXX`.
    """
    for descriptor, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            if null != descriptor:
                os.dup2(null, descriptor)
                os.close(null)
            stream = open(descriptor, mode, encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")


def flush_stdout() -> None:
    """Flushes stdout, or discards what it holds: Python would flush it again at exit and fail."""
    try:
        sys.stdout.flush()
    except OSError:
        discard_stdout()


def discard_stdout() -> None:
    """Connects stdout to /dev/null."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
