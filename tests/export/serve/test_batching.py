"""Rows that wait at the same time are computed together."""

import asyncio

import pytest

from export.serve.batching import Batcher


def test_the_next_batch_gathers_while_one_is_computed():
    batches = []

    def compute(rows):
        batches.append(list(rows))
        return [row * 2 for row in rows]

    async def ask():
        batcher = Batcher(compute, 4)
        first = await asyncio.gather(*map(batcher.answer, range(6)))
        return first, await batcher.answer(7)

    assert asyncio.run(ask()) == ([0, 2, 4, 6, 8, 10], 14)
    assert batches == [[0, 1, 2, 3], [4, 5], [7]]


def test_an_error_reaches_who_asked_and_no_later_batch():
    def compute(rows):
        if 1 in rows:
            raise ValueError("no ones")
        return rows

    async def ask():
        batcher = Batcher(compute, 2)
        return await asyncio.gather(*map(batcher.answer, range(4)), return_exceptions=True)

    answers = asyncio.run(ask())
    assert [type(answer) for answer in answers[:2]] == [ValueError, ValueError]
    assert answers[2:] == [2, 3]


def test_who_no_longer_waits_is_not_computed_for():
    computed = []

    def compute(rows):
        computed.extend(rows)
        return rows

    async def ask():
        batcher = Batcher(compute, 8)
        gone, stays = (asyncio.ensure_future(batcher.answer(row)) for row in range(2))
        await asyncio.sleep(0)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        return await stays

    assert asyncio.run(ask()) == 1
    assert computed == [1]
