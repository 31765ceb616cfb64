"""Seconds of functions that are measured in turn, so that a machine's drift hits them alike."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf


@dataclass(frozen=True)
class Seconds:
    """How long one call takes.

    Attributes:
        median: of all calls.
        low, high: first and third quartile.
    """

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{1000 * self.median:.1f} ({1000 * self.low:.1f}–{1000 * self.high:.1f})"


def measure(
    functions: Mapping[str, Callable[[], Any]], *, repeats: int = 7, warmup: int = 2
) -> dict[str, Seconds]:
    """Calls every function in turn, again and again.

    Args:
        functions: what to call, by name; a result's first tensor is waited for.
        repeats: calls that count, of each.
        warmup: rounds before.
    """
    taken: dict[str, list[float]] = {name: [] for name in functions}
    for round_ in range(warmup + repeats):
        for name, function in functions.items():
            start = time.perf_counter()
            for tensor in tf.nest.flatten(function())[:1]:
                np.asarray(tensor)
            if round_ >= warmup:
                taken[name].append(time.perf_counter() - start)
    return {
        name: Seconds(*(float(x) for x in np.percentile(values, [50, 25, 75])))
        for name, values in taken.items()
    }
