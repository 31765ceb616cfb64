"""Peak memory of a process."""

import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_memory_bytes() -> int:
    """Returns the peak resident memory of this process, in bytes.

    On Linux it comes from `/proc`: `getrusage` would report the peak of the process that started
    this one, if that was larger.
    """
    if _STATUS.exists():
        fields = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines())
        return int(fields["VmHWM"].removesuffix("kB")) * 1024
    return _bytes(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def peak_memory_of_children_bytes() -> int:
    """Returns the largest peak resident memory of the finished child processes, in bytes."""
    return _bytes(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)


def _bytes(maximum: int) -> int:
    # macOS counts in bytes, Linux in KiB.
    return maximum if sys.platform == "darwin" else maximum * 1024
