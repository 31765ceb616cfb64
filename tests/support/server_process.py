"""`python -m export.serve` in a process of its own, and requests to it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import requests
import tensorflow as tf
from tensorflow_serving.apis.predict_pb2 import PredictRequest

PREDICT = "/v1/models/ecm:predict"
POSTS = ["我的猫会握手", "今天天气真好", "", "abc 123", "🙂", "朋友搬走了" * 20]
MAX_BYTES, MAX_POSTS = 20_000, 240
LIMITS = {
    "--poll_seconds": "0.3",
    "--max_request_bytes": str(MAX_BYTES),
    "--max_posts": str(MAX_POSTS),
    "--max_ongoing": "8",
    "--max_queued": "8",
}
"""Limits of the server that the tests share, low enough to be reached."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Waits until a condition holds, and fails if it does not within the given time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"the condition did not hold within {seconds:g} s"
        time.sleep(0.1)


def predict_request(
    columns: dict[str, Any],
    signature: str = "serving_default",
    name: str = "ecm",
    version: int | None = None,
) -> PredictRequest:
    request = PredictRequest()
    request.model_spec.name = name
    request.model_spec.signature_name = signature
    if version is not None:
        request.model_spec.version.value = version
    for key, column in columns.items():
        request.inputs[key].CopyFrom(tf.make_tensor_proto(column))
    return request


class ServerProcess:
    """A running server.

    Args:
        base: directory with the versions.
        flags: further flags of the command, with their values.
        **environment: more environment variables of the process.
    """

    def __init__(self, base: Path, flags: dict[str, str], **environment: str) -> None:
        self.base = base
        self.rest_port, self.grpc_port = free_port(), free_port()
        scheme = "https" if "--tls_cert" in flags else "http"
        self.rest = f"{scheme}://127.0.0.1:{self.rest_port}"
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "export.serve", str(base)),
                *(part for flag in flags.items() for part in flag),
                *("--rest_port", str(self.rest_port), "--grpc_port", str(self.grpc_port)),
            ],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            text=True,
        )
        printed = [self.process.stdout.readline() for _ in range(2)]
        assert printed[1].startswith("serving ecm: "), printed

    def processes(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def post(self, body: Any, path: str = PREDICT) -> requests.Response:
        return requests.post(self.rest + path, json=body, timeout=30)

    def states(self) -> dict[int, str]:
        """The state of each version."""
        content = requests.get(f"{self.rest}/v1/models/ecm", timeout=30).json()
        return {int(row["version"]): row["state"] for row in content["model_version_status"]}

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> str:
        """Stops the server with SIGTERM, and returns what it printed meanwhile."""
        self.process.send_signal(signal.SIGTERM)
        printed, _ = self.process.communicate(timeout=90)
        return printed
