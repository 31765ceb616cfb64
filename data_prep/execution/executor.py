"""Executors, which map a task over shards: one after another here, or in parallel with Ray Data.

Both return the results in the order of the shards, and a task has no other output than its result
and the files that it names there. So the merged results do not depend on the executor.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from ecm_tf.core.cpus import available_cpus
from ecm_tf.core.errors import InputError
from ecm_tf.core.optional import require_extra
from ecm_tf.core.ray_cluster import LOCAL, disable_cluster

Advance = Callable[[int], Any]
"""Adds to the progress of a pass, in pairs (or files)."""

Shard = TypeVar("Shard")
Result = TypeVar("Result")


class Executor(Protocol):
    """Maps tasks over shards."""

    @property
    def workers(self) -> int:
        """Number of processes that a task may start."""

    @property
    def threads(self) -> int:
        """Number of threads that a task may use."""

    def map(
        self,
        make: Callable[[], Callable[[Shard, Advance], Result]],
        shards: Sequence[Shard],
        advance: Advance,
    ) -> Iterator[Result]:
        """Yields the result of each shard, in order.

        Args:
            make: makes the task, a function of a shard and of `Advance`; called once in each
                process that runs tasks, so that it may load what all of them need.
            shards: what the task takes.
            advance: called in this process with the progress of the tasks.

        Raises:
            InputError: raised by a task; if several tasks raise, that of the first such shard.
        """


@dataclass(frozen=True)
class SingleMachine:
    """Runs tasks one after another in this process; each may use the whole machine."""

    workers: int = field(default_factory=available_cpus)
    threads: int = field(default_factory=available_cpus)

    def map(
        self,
        make: Callable[[], Callable[[Shard, Advance], Result]],
        shards: Sequence[Shard],
        advance: Advance,
    ) -> Iterator[Result]:
        """See `Executor.map`."""
        task = make()
        for shard in shards:
            yield task(shard, advance)


@contextlib.contextmanager
def executor(ray_address: str | None, workers: int | None = None) -> Iterator[Executor]:
    """Returns the executor of a command.

    Args:
        ray_address: `None`: this process; `local`: a Ray of its own on this machine; `auto` or
            HOST:PORT: a Ray cluster.
        workers: number of processes on this machine, by default one for each CPU; a cluster uses
            all its CPUs, and takes no number.

    Raises:
        InputError: Ray is not installed, there is no cluster at the address, or a number of workers
            is given for a cluster.
    """
    if workers is not None and ray_address not in (None, LOCAL):
        raise InputError(
            f"--workers: expected no number with --ray_address {ray_address}, a cluster of which "
            f"all CPUs are used; got {workers}."
        )
    workers = workers or available_cpus()
    if ray_address is None:
        yield SingleMachine(workers)
        return
    if ray_address == LOCAL:
        disable_cluster()
    with require_extra("train-ray"):
        from data_prep.execution.ray_data import RayData
    with RayData(ray_address, workers) as ray_data:
        yield ray_data
