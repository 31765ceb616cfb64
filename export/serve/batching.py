"""Batching of rows from several requests."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Row = TypeVar("Row")
Result = TypeVar("Result")


class Batcher(Generic[Row, Result]):
    """Computes rows in batches; while one batch is computed, the next one fills.

    A row never waits while nothing is computed, and batches grow with the load. Ray Serve's own
    `serve.batch` is not used because it closes a batch before the previous one is finished, and
    waits a fixed time for rows.

    Args:
        compute: function from rows to one result each; called in a thread, one call at a time.
        max_batch: maximum number of rows per batch.
    """

    def __init__(
        self, compute: Callable[[Sequence[Row]], Sequence[Result]], max_batch: int
    ) -> None:
        self._compute = compute
        self._max_batch = max_batch
        self._queue: dict[asyncio.Future[Result], Row] = {}
        self._worker: asyncio.Task[None] | None = None

    async def __call__(self, row: Row) -> Result:
        """Returns the result of one row, or raises the exception of its batch.

        A row whose request is cancelled leaves the queue at once, so that the queue holds only the
        rows of requests in progress, whose number the server limits.
        """
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._queue[future] = row
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())
        try:
            return await future
        finally:
            self._queue.pop(future, None)

    async def _work(self) -> None:
        """Computes batches until the queue is empty."""
        while self._queue:
            first = list(itertools.islice(self._queue, self._max_batch))
            batch = {future: self._queue.pop(future) for future in first}
            # A cancelled request's future is done before its call leaves the queue.
            futures = [future for future in batch if not future.done()]
            rows = [batch[future] for future in futures]
            try:
                results = await asyncio.to_thread(self._compute, rows)
            except Exception as error:
                for future in futures:
                    if not future.done():
                        future.set_exception(error)
                continue
            for future, result in zip(futures, results, strict=True):
                if not future.done():
                    future.set_result(result)
        self._worker = None
