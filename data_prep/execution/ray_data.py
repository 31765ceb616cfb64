"""Tasks on Ray Data: in parallel on a cluster, or in several processes on this machine.

The rows of the Ray dataset are shards and results: paths and counts, never texts. Ray repeats a
task whose process or machine has failed.
"""

import contextlib
import logging
import os
import pickle
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, Self, cast

import ray
import ray.data

from data_prep.execution.executor import Advance, Result, Shard
from ecm_tf.core import ray_cluster
from ecm_tf.core.errors import InputError

OBJECT_STORE_BYTES = 500_000_000
"""Shared memory of a Ray on this machine, for results that have not been merged yet."""

Row = dict[str, Any]


class RayData:
    """An executor that runs one task per CPU of a Ray cluster; a context manager.

    Args:
        address: `local`, `auto` or HOST:PORT.
        cpus: number of CPUs of a Ray on this machine.

    Raises:
        InputError: there is no cluster at the address.
    """

    workers = 1
    threads = 1

    def __init__(self, address: str, cpus: int) -> None:
        # An error is raised in this process, which prints it.
        logging.getLogger("ray.data").setLevel(logging.CRITICAL)
        context = ray.data.DataContext.get_current()
        context.execution_options.preserve_order = True
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        # A shard may take longer than the half hour after which Ray Data gives up by default.
        context.execution_no_progress_timeout_s = -1
        ray_cluster.connect(address, cpus=cpus, object_store_bytes=OBJECT_STORE_BYTES)

    def map(
        self,
        make: Callable[[], Callable[[Shard, Advance], Result]],
        shards: Sequence[Shard],
        advance: Advance,
    ) -> Iterator[Result]:
        """See `Executor.map`."""
        if not shards:
            return
        items = [{"shard": pickle.dumps(shard)} for shard in shards]
        dataset = ray.data.from_items(items, override_num_blocks=len(items)).map(_Call(make))
        rows = cast(Generator[Row], iter(dataset.iter_rows()))
        # Closing it cancels the other tasks after an error.
        with contextlib.closing(rows):
            for row in rows:
                result = pickle.loads(row["result"])
                if isinstance(result, _Failure):
                    raise result.error
                advance(row["progress"])
                yield result

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        ray.shutdown()


class _Failure:
    """The result of a task that raised an error which the user can correct."""

    def __init__(self, error: InputError | OSError) -> None:
        self.error = error


class _Call:
    """A call of `RayData.map` in the processes that run its tasks."""

    def __init__(self, make: Callable[[], Callable[[Any, Advance], Any]]) -> None:
        self._make = make
        self._key = uuid.uuid4().hex
        self._directory = os.getcwd()

    def __call__(self, row: Row) -> Row:
        """Runs the task for one shard."""
        progress = 0

        def advance(number: int) -> None:
            nonlocal progress
            progress += number

        try:
            result = self._task()(pickle.loads(row["shard"]), advance)
        except (InputError, OSError) as error:
            # As a result, the error of the first shard is raised, and not the earliest error.
            result = _Failure(error)
        return {"result": pickle.dumps(result), "progress": progress}

    def _task(self) -> Callable[[Any, Advance], Any]:
        """Returns this process's task; Ray sends a new copy of this object with every shard."""
        if self._key not in _tasks:
            # Paths may be relative to the command's directory. A machine without that directory
            # reports the first relative path as missing.
            with contextlib.suppress(FileNotFoundError):
                os.chdir(self._directory)
            _tasks.clear()
            _tasks[self._key] = self._make()
        return _tasks[self._key]


_tasks: dict[str, Callable[[Any, Advance], Any]] = {}
"""The task of the latest call of `RayData.map` of which this process has run a shard."""
