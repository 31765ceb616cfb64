"""Times functions in turn, so that drift of the machine affects them equally."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf


@dataclass(frozen=True)
class Seconds:
    """Duration of one call, in seconds.

    Attributes:
        median: median of all calls.
        low: first quartile.
        high: third quartile.
    """

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{1000 * self.median:.1f} ({1000 * self.low:.1f}–{1000 * self.high:.1f})"


def measure(
    functions: Mapping[str, Callable[[], Any]], *, repeats: int = 7, warmup: int = 2
) -> dict[str, Seconds]:
    """Calls every function in turn, repeatedly.

    Args:
        functions: functions by name; a call ends when the first tensor of its result is computed.
        repeats: number of measured calls of each function.
        warmup: number of rounds before, which are not measured.

    Returns:
        The duration of one call of each function.
    """
    durations: dict[str, list[float]] = {name: [] for name in functions}
    for round_ in range(warmup + repeats):
        for name, function in functions.items():
            start = time.perf_counter()
            for tensor in tf.nest.flatten(function())[:1]:
                np.asarray(tensor)
            if round_ >= warmup:
                durations[name].append(time.perf_counter() - start)
    return {
        name: Seconds(*(float(x) for x in np.percentile(values, [50, 25, 75])))
        for name, values in durations.items()
    }
