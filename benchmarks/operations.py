"""Time by operation, from TensorFlow's profiler.

    python -m benchmarks.operations training|greedy|beam [--batch 1]

Times are summed over threads: on two cores they can be twice the elapsed time.
"""

import argparse
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.tsl.profiler.protobuf.xplane_pb2 import XSpace

from benchmarks.decoding import beam_of, greedy_of
from benchmarks.models import Sizes, full_batch, model
from benchmarks.training_step import step_of
from ecm_tf.core import command

CALLS = 3


def profile(
    function: Callable[[], Any], calls: int = CALLS
) -> tuple[dict[str, float], dict[str, int]]:
    """Profiles a function after two calls that are not measured.

    Returns:
        Milliseconds and number of executions per call, by operation.
    """
    for _ in range(2):
        tf.nest.map_structure(lambda tensor: tensor.numpy(), function())
    with tempfile.TemporaryDirectory() as logs:
        tf.profiler.experimental.start(logs)
        for _ in range(calls):
            tf.nest.map_structure(lambda tensor: tensor.numpy(), function())
        tf.profiler.experimental.stop()
        (path,) = Path(logs).rglob("*.xplane.pb")
        space = XSpace.FromString(path.read_bytes())
    times: dict[str, float] = defaultdict(float)
    numbers: Counter[str] = Counter()
    for plane in space.planes:
        for line in plane.lines:
            for event in line.events:
                name = plane.event_metadata[event.metadata_id].name
                if ":" in name and "::" not in name:
                    operation = name.rsplit(":", 1)[1]
                    times[operation] += event.duration_ps / 1e9 / calls
                    numbers[operation] += 1
    return times, {name: number // calls for name, number in numbers.items()}


def main() -> None:
    """Runs the command; see the module."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=("training", "greedy", "beam"))
    parser.add_argument(
        "--batch", type=int, help="batch size (default: 128 for training, 1 for decoding)"
    )
    parser.add_argument(
        "--precision",
        default="float32",
        help="Keras dtype policy of training (default: %(default)s)",
    )
    arguments = parser.parse_args()
    training = arguments.what == "training"
    sizes = replace(Sizes(), batch=arguments.batch or (128 if training else 1))
    ecm = model(sizes, arguments.precision if training else "float32")
    batch = full_batch(sizes)
    if training:
        function: Callable[[], Any] = step_of(ecm, batch)
    else:
        search = {"greedy": greedy_of, "beam": beam_of}[arguments.what]
        function = search(ecm, batch, sizes.length)
    times, numbers = profile(function)
    for operation, milliseconds in sorted(times.items(), key=lambda item: -item[1])[:25]:
        print(f"{milliseconds:9.2f} ms  {numbers[operation]:6} × {operation}")


if __name__ == "__main__":
    command.run(main)
