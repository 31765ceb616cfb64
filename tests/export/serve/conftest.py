"""One server for all tests, because Ray takes many seconds to start."""

import shutil

import grpc
import pytest
import tensorflow as tf
from server_process import LIMITS, POSTS, ServerProcess

CLOSED = "http://127.0.0.1:9"
"""A proxy that does not answer."""


@pytest.fixture(scope="session")
def _servers():
    """The servers that were started, of which the last one may still run."""
    pytest.importorskip("ray", reason="the extra `serve` is not installed")
    servers = []
    yield servers
    for server in servers:
        if server.running:
            printed = server.stop()
            assert server.process.returncode == 0, printed


@pytest.fixture
def server(_servers, exported_base, tmp_path_factory):
    """A server with low limits, which the tests share until one of them stops it.

    Its environment is that of a company's network, with a proxy that loopback must not use, and
    with a temporary directory whose path is too long for Ray's sockets.
    """
    if not (_servers and _servers[-1].running):
        base = tmp_path_factory.mktemp("served")
        shutil.copytree(exported_base / "1", base / "1")
        temporary = base / ("t" * 100)
        temporary.mkdir()
        flags = {**LIMITS, "--log_dir": str(base / "logs")}
        environment = {"TMPDIR": str(temporary), "http_proxy": CLOSED, "grpc_proxy": CLOSED}
        _servers.append(ServerProcess(base, flags, **environment))
    return _servers[-1]


@pytest.fixture
def channel(server):
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        yield channel


@pytest.fixture(scope="session")
def expected(exported_base, load_signatures) -> dict[tuple[str, str], tuple[str, float]]:
    """Reply and score for each post and emotion, from the SavedModel called with one row."""
    signature = load_signatures(exported_base / "1")["serving_default"]
    replies = {}
    for post in POSTS:
        for emotion in ("like", "5"):
            outputs = signature(post=tf.constant([post]), emotion=tf.constant([emotion]))
            replies[post, emotion] = (
                outputs["response"].numpy()[0].decode(),
                float(outputs["score"].numpy()[0]),
            )
    return replies
