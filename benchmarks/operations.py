"""Where the time goes: TensorFlow's profiler, summed by operation.

    python -m benchmarks.operations training|greedy|beam [--batch 1]

Sums are over threads: with two cores they may come to twice the time that passed.
"""

import argparse
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import tensorflow as tf
from tensorflow.tsl.profiler.protobuf.xplane_pb2 import XSpace

from benchmarks.decoding import beam_of, greedy_of
from benchmarks.models import Sizes, full_batch, model
from benchmarks.training_step import step_of
from ecm_tf.core import command

CALLS = 3


def profile(function, calls: int = CALLS) -> tuple[Counter, Counter]:
    """Milliseconds of a call and numbers of executions, by operation, of a warm function."""
    for _ in range(2):
        tf.nest.map_structure(lambda tensor: tensor.numpy(), function())
    with tempfile.TemporaryDirectory() as logs:
        tf.profiler.experimental.start(logs)
        for _ in range(calls):
            tf.nest.map_structure(lambda tensor: tensor.numpy(), function())
        tf.profiler.experimental.stop()
        (path,) = Path(logs).rglob("*.xplane.pb")
        space = XSpace.FromString(path.read_bytes())
    times, numbers = Counter(), Counter()
    for plane in space.planes:
        for line in plane.lines:
            for event in line.events:
                name = plane.event_metadata[event.metadata_id].name
                if ":" in name and "::" not in name:
                    operation = name.rsplit(":", 1)[1]
                    times[operation] += event.duration_ps / 1e9 / calls
                    numbers[operation] += 1
    return times, Counter({name: number // calls for name, number in numbers.items()})


def main() -> None:
    """The command; see the module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("training", "greedy", "beam"))
    parser.add_argument("--batch", type=int, help="(default: 128 to train, 1 to decode)")
    parser.add_argument("--precision", default="float32", help="a Keras policy, to train")
    arguments = parser.parse_args()
    training = arguments.what == "training"
    sizes = replace(Sizes(), batch=arguments.batch or (128 if training else 1))
    made = model(sizes, arguments.precision if training else "float32")
    batch = full_batch(sizes)
    if training:
        function = step_of(made, batch)
    else:
        search = {"greedy": greedy_of, "beam": beam_of}[arguments.what]
        function = search(made, batch, sizes.length)
    times, numbers = profile(function)
    for operation, milliseconds in times.most_common(25):
        print(f"{milliseconds:9.2f} ms  {numbers[operation]:6} × {operation}")


if __name__ == "__main__":
    command.run(main)
