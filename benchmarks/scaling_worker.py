"""Times the training steps of one worker, for `benchmarks.scaling`; prints JSON."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from benchmarks.models import MODULES
from ecm_tf.config import ORIGINAL_BUCKETS, TrainingConfig
from ecm_tf.core import command
from ecm_tf.core.arguments import Parser
from ecm_tf.data.batches import training_batches
from ecm_tf.data.directory import DatasetDirectory
from ecm_tf.model import ECM
from ecm_tf.training.construction import compiled_model, model_config
from ecm_tf.training.data_parallel import DataParallelECM
from ecm_tf.training.workers import Workers, find_workers


class PartOfWorker(Workers):
    """A worker that takes its part of each batch, but sums nothing over the others."""

    def __init__(self, workers: Workers) -> None:
        self.index, self.count = workers.index, workers.count


def seconds_per_step(model: ECM, batches: tf.data.Dataset, count: int) -> float:
    """Returns the mean duration of a training step, in seconds, after a pass to warm up.

    Args:
        model: compiled.
        batches: `count` batches, which are repeated.
        count: number of batches.
    """
    model.make_train_function()
    iterator = iter(batches.cache().repeat())

    def pass_over() -> float:
        start = time.perf_counter()
        for _ in range(count):
            logs = model.train_function(iterator)
        float(tf.nest.flatten(logs)[0])
        return (time.perf_counter() - start) / count

    pass_over()
    return pass_over()


def gradient_bytes(model: ECM, part: dict[str, tf.Tensor]) -> dict[str, int]:
    """Returns the bytes of the gradients of a part of a batch: `dense` and `sparse`."""
    with tf.GradientTape() as tape:
        loss = model.compute_loss(part, y_pred=model(part, training=True), training=True)
    sizes = {"dense": 0, "sparse": 0}
    for gradient in tape.gradient(loss, model.trainable_variables):
        if isinstance(gradient, tf.IndexedSlices):
            tensors = (gradient.values, gradient.indices)
            sizes["sparse"] += sum(int(tf.size(t)) * t.dtype.size for t in tensors)
        else:
            sizes["dense"] += int(tf.size(gradient)) * gradient.dtype.size
    return sizes


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the command; see `--help`."""
    parser = Parser(prog="python -m benchmarks.scaling_worker", description=__doc__)
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--batch_size", type=int, required=True)
    parser.add_argument("--batches", type=int, required=True)
    parser.add_argument("--size", type=int, required=True)
    arguments = parser.parse_args(argv)
    workers = find_workers()
    dataset = DatasetDirectory(arguments.dataset, verify=False)
    sizes = {"size": arguments.size, "imemory_size": arguments.size}
    config = model_config({**MODULES, **sizes, "buckets": ORIGINAL_BUCKETS}, dataset.assets)
    training = TrainingConfig(optimizer="adam", learning_rate=0.001)
    pairs = dataset.manifest["counts"]["pairs"]["train"]
    batches = training_batches(
        arguments.dataset, config, pairs=pairs, batch_size=arguments.batch_size, seed=0, epoch=0
    ).take(arguments.batches)
    if workers.count > 1:
        batches = workers.part(batches)
    model = compiled_model(config, dataset.assets, training, workers)
    result: dict[str, Any] = {"pairs": arguments.batch_size}
    result["step"] = seconds_per_step(model, batches, arguments.batches)
    if isinstance(model, DataParallelECM):
        alone = PartOfWorker(workers)
        unsummed = compiled_model(config, dataset.assets, training, alone)
        result["step without sums"] = seconds_per_step(unsummed, batches, arguments.batches)
        part, _ = next(iter(batches))
        result |= gradient_bytes(unsummed, part)
    workers.wait_for_all()
    print(json.dumps(result))


if __name__ == "__main__":
    command.run(main)
