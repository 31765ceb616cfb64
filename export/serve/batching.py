"""Rows of several requests, computed together."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Row = TypeVar("Row")
Answer = TypeVar("Answer")


class Batcher(Generic[Row, Answer]):
    """Computes rows in batches: while one is computed, the next gathers.

    So a row never waits while nothing is computed, and batches grow with the load. (Ray Serve's own
    batching closes a batch before the one ahead of it is done, and waits for rows by the clock.)

    Args:
        compute: answers for rows; called in a thread, one call at a time.
        most: rows of a batch.
    """

    def __init__(self, compute: Callable[[Sequence[Row]], Sequence[Answer]], most: int) -> None:
        self._compute = compute
        self._most = most
        self._waiting: list[tuple[Row, asyncio.Future[Answer]]] = []
        self._working: asyncio.Task[None] | None = None

    async def answer(self, row: Row) -> Answer:
        """A row's answer; raises what `compute` raises for its batch."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((row, future))
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        return await future

    async def _work(self) -> None:
        while batch := self._waiting[: self._most]:
            del self._waiting[: len(batch)]
            # Who asked may be gone.
            batch = [(row, future) for row, future in batch if not future.done()]
            try:
                answers = await asyncio.to_thread(self._compute, [row for row, _ in batch])
            except Exception as error:
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, future), answer in zip(batch, answers, strict=True):
                if not future.done():
                    future.set_result(answer)
        self._working = None
