"""Batching of rows from several requests."""

import asyncio
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
        self._queue: list[tuple[Row, asyncio.Future[Result]]] = []
        self._worker: asyncio.Task[None] | None = None

    async def __call__(self, row: Row) -> Result:
        """Returns the result of one row, or raises the exception of its batch."""
        future = asyncio.get_running_loop().create_future()
        self._queue.append((row, future))
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())
        return await future

    async def _work(self) -> None:
        """Computes batches until the queue is empty."""
        while batch := self._queue[: self._max_batch]:
            del self._queue[: len(batch)]
            # The futures of cancelled requests are done.
            batch = [(row, future) for row, future in batch if not future.done()]
            try:
                results = await asyncio.to_thread(self._compute, [row for row, _ in batch])
            except Exception as error:
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, future), result in zip(batch, results, strict=True):
                if not future.done():
                    future.set_result(result)
        self._worker = None
