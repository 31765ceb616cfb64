"""Requests that the server answers at the same time."""

from concurrent.futures import ThreadPoolExecutor

import pytest

pytestmark = pytest.mark.xdist_group("server")


def instance(post, emotion):
    return {"instances": [{"post": post, "emotion": emotion}]}


def test_invalid_row_does_not_affect_the_others(server):
    with ThreadPoolExecutor(8) as pool:
        responses = pool.map(
            lambda emotion: server.post(instance("a", emotion)), ["like", "zorn"] * 16
        )
        statuses = [response.status_code for response in responses]
    assert statuses == [200, 400] * 16


def test_batched_posts_get_the_same_replies_as_single_ones(server, expected):
    pairs = list(expected) * 8
    with ThreadPoolExecutor(8) as pool:
        responses = pool.map(lambda pair: server.post(instance(*pair)), pairs)
        texts = [response.json()["predictions"][0]["response"] for response in responses]
    assert texts == [expected[pair][0] for pair in pairs]
