"""The processes of a run: one, or several that train on parts of each batch (data parallelism)."""

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from ecm_tf.core.errors import InputError

TF_CONFIG = "TF_CONFIG"


class LostWorkerError(InputError):
    """Another worker of the run has ended or cannot be reached."""


@contextlib.contextmanager
def lost_workers_reported(train_dir: Path) -> Iterator[None]:
    """Reports a worker that others wait for inside the `with` block.

    Args:
        train_dir: of the run, for the message.

    Raises:
        LostWorkerError: it has ended or cannot be reached.
    """
    try:
        yield
    except tf.errors.UnavailableError as error:
        raise LostWorkerError(
            f"{train_dir}: a worker has ended or cannot be reached; restart all workers to resume "
            "from the last checkpoint."
        ) from error


class Workers:
    """The processes of a run, as each of them sees them; here the only one.

    Attributes:
        index: number of this process, from 0.
        count: number of processes.
    """

    index = 0
    count = 1

    @property
    def is_chief(self) -> bool:
        """Whether this process measures the model and writes the files of the run."""
        return self.index == 0

    def sum(self, values: Sequence[Any]) -> list[Any]:
        """Returns the sums of tensors over all workers.

        All workers must call it in the same order.

        Args:
            values: tensors of one dtype, at least one, or `tf.IndexedSlices`; of the same shapes on
                every worker. The rows of slices may differ; their sum has the rows of all.
        """
        return list(values)

    def from_chief(self, values: Sequence[float]) -> list[float]:
        """Returns the numbers that the chief passes; those of the others are ignored."""
        return list(values)

    def wait_for_all(self) -> None:
        """Returns when all workers have called it."""

    def part(self, batches: tf.data.Dataset) -> tf.data.Dataset:
        """Returns this worker's part of each batch.

        Args:
            batches: nested structures of tensors `(batch, …)`; at least one row each.

        Returns:
            Pairs of a part, and its number of rows and that of the whole batch, float32 `(2,)`. A
            worker for which no row is left gets one that counts as 0 rows.
        """
        index, count = self.index, self.count

        @tf.autograph.experimental.do_not_convert
        def split(batch: Any) -> tuple[Any, tf.Tensor]:
            size = tf.shape(tf.nest.flatten(batch)[0])[0]
            first = tf.minimum(index, size - 1)
            part = tf.nest.map_structure(lambda entry: entry[first::count], batch)
            own = (size - index + count - 1) // count
            return part, tf.cast(tf.stack([own, size]), tf.float32)

        return batches.map(split, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


class ClusterWorkers(Workers):
    """Several processes, on one machine or on several, which the variable TF_CONFIG describes.

    It uses the collective operations of `tf.distribute.MultiWorkerMirroredStrategy`, and nothing
    else of the strategy: Keras 3's `fit` does not work with the strategy's variables (keras issue
    20585). Each worker has variables of its own, which stay equal because all workers begin with
    the same ones and apply the same summed gradients.

    It must be created before any TensorFlow operation has run.
    """

    def __init__(self) -> None:
        self._strategy = tf.distribute.MultiWorkerMirroredStrategy()
        self.index = self._strategy.cluster_resolver.task_id
        self.count = self._strategy.num_replicas_in_sync
        self._sum = tf.function(self._sum_in_graph, autograph=False)

    def sum(self, values: Sequence[Any]) -> list[Any]:
        """Returns the sums of tensors over all workers; see `Workers.sum`."""
        return self._sum(list(values))

    def from_chief(self, values: Sequence[float]) -> list[float]:
        """Returns the numbers of the chief; see `Workers.from_chief`."""
        mine = [value if self.is_chief else 0.0 for value in values]
        total = self.sum([tf.constant(mine, tf.float64)])[0]
        return [float(value) for value in total.numpy()]

    def wait_for_all(self) -> None:
        """Returns when all workers have called it."""
        self.from_chief([0.0])

    def _sum_in_graph(self, values: list[Any]) -> list[Any]:
        sparse = [i for i, value in enumerate(values) if isinstance(value, tf.IndexedSlices)]
        dense = [i for i in range(len(values)) if i not in sparse]
        # One large reduction takes less time than many small ones.
        packed = tf.concat([tf.reshape(values[i], [-1]) for i in dense], axis=0)

        def in_replica(*values: Any) -> Any:
            # Tensors from outside have no device, which the reduction of slices needs.
            placed = tf.nest.map_structure(tf.identity, values, expand_composites=True)
            context = tf.distribute.get_replica_context()
            return context.all_reduce(tf.distribute.ReduceOp.SUM, list(placed))

        packed, *slices = self._strategy.run(
            in_replica, args=(packed, *(values[i] for i in sparse))
        )
        parts = tf.split(packed, [tf.size(values[i]) for i in dense], num=len(dense))
        sums = dict(zip(sparse, slices, strict=True))
        for i, part in zip(dense, parts, strict=True):
            sums[i] = tf.reshape(part, tf.shape(values[i]))
        return [sums[i] for i in range(len(values))]


def find_workers() -> Workers:
    """Returns the workers that TF_CONFIG describes, or this process alone.

    Raises:
        InputError: TF_CONFIG is not a description of workers.
    """
    text = os.environ.get(TF_CONFIG, "")
    if not text:
        return Workers()
    try:
        config = json.loads(text)
        addresses, task = config["cluster"]["worker"], config["task"]
        valid = (
            config["cluster"].keys() == {"worker"}
            and task["type"] == "worker"
            and 0 <= task["index"] < len(addresses)
        )
    except (ValueError, KeyError, TypeError):
        valid = False
    if not valid:
        raise InputError(
            f'{TF_CONFIG}: expected {{"cluster": {{"worker": ["HOST:PORT", …]}}, "task": {{"type": '
            f'"worker", "index": NUMBER}}}}, got {text}.'
        )
    return ClusterWorkers() if len(addresses) > 1 else Workers()
