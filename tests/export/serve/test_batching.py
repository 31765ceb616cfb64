"""Batching of rows that wait at the same time."""

import asyncio
import threading

import pytest

from export.serve.batching import Batcher


def test_next_batch_fills_while_one_is_computed():
    batches = []

    def compute(rows):
        batches.append(list(rows))
        return [row * 2 for row in rows]

    async def call():
        batcher = Batcher(compute, 4)
        first = await asyncio.gather(*map(batcher, range(6)))
        return first, await batcher(7)

    assert asyncio.run(call()) == ([0, 2, 4, 6, 8, 10], 14)
    assert batches == [[0, 1, 2, 3], [4, 5], [7]]


def test_exception_is_raised_for_the_rows_of_its_batch_only():
    def compute(rows):
        if 1 in rows:
            raise ValueError("no ones")
        return rows

    async def call():
        batcher = Batcher(compute, 2)
        return await asyncio.gather(*map(batcher, range(4)), return_exceptions=True)

    results = asyncio.run(call())
    assert [type(result) for result in results[:2]] == [ValueError, ValueError]
    assert results[2:] == [2, 3]


def test_cancelled_rows_are_not_computed():
    computed = []

    def compute(rows):
        computed.extend(rows)
        return rows

    async def call():
        batcher = Batcher(compute, 8)
        cancelled, kept = (asyncio.ensure_future(batcher(row)) for row in range(2))
        await asyncio.sleep(0)
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        return await kept

    assert asyncio.run(call()) == 1
    assert computed == [1]


def test_cancelled_rows_leave_the_queue_while_a_batch_is_computed():
    release = threading.Event()

    def compute(rows):
        release.wait(10)
        return rows

    async def call():
        batcher = Batcher(compute, 1)
        first = asyncio.ensure_future(batcher(0))
        await asyncio.sleep(0.01)
        for _ in range(3):
            waiting = [asyncio.ensure_future(batcher(row)) for row in range(100)]
            await asyncio.sleep(0)
            assert len(batcher._queue) == 100
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            assert not batcher._queue
        release.set()
        return await first, await batcher(5)

    assert asyncio.run(call()) == (0, 5)
