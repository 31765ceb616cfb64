"""Overload and shutdown of the server; last, because the tests share one server."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from server_process import MAX_POSTS, POSTS

pytestmark = pytest.mark.xdist_group("server")


def test_overload_is_rejected_and_shutdown_finishes_accepted_requests(server):
    body = {"signature_name": "all_emotions", "instances": POSTS[:1] * MAX_POSTS}

    def status_of_request(_: object) -> int | str:
        try:
            return server.post(body).status_code
        except requests.ConnectionError:
            return "refused"

    with ThreadPoolExecutor(32) as pool:
        statuses = list(pool.map(status_of_request, range(32)))
        assert set(statuses) == {200, 429}
        last = [pool.submit(status_of_request, None) for _ in range(2)]
        time.sleep(0.3)
        printed = server.stop()
        assert [future.result() for future in last] == [200, 200]
    assert server.process.returncode == 0
    assert printed.startswith("stopping")
