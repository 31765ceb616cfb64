"""Starts the workers of a data-parallel run on this machine."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from ecm_tf.core.errors import InputError


def start_workers(
    count: int, command: Sequence[object], environment: Mapping[str, str] | None = None
) -> list[subprocess.Popen[str]]:
    """Starts a command once for each worker.

    Args:
        count: number of processes, at least 1.
        command: a module, such as `ecm_tf.train`, and its arguments.
        environment: variables in addition to those of this process.

    Returns:
        The processes, the chief first; their output is a pipe.
    """
    servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    addresses = [f"127.0.0.1:{server.getsockname()[1]}" for server in servers]
    for server in servers:
        server.close()
    processes = []
    for index in range(count):
        task = {"type": "worker", "index": index}
        config = json.dumps({"cluster": {"worker": addresses}, "task": task})
        processes.append(
            subprocess.Popen(
                [sys.executable, "-m", *map(str, command)],
                env={**os.environ, **(environment or {}), "TF_CONFIG": config},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    return processes


def finish_workers(processes: Sequence[subprocess.Popen[str]]) -> list[str]:
    """Waits for workers and returns what each has printed.

    Raises:
        InputError: a worker has failed.
    """
    # Side by side: a worker whose pipe is full would keep the others waiting.
    with ThreadPoolExecutor(len(processes)) as executor:
        printed = list(executor.map(lambda process: process.communicate()[0], processes))
    for process, text in zip(processes, printed, strict=True):
        if process.returncode:
            raise InputError(f"one of {len(processes)} workers has failed; {text[-500:]}")
    return printed
