"""Connection to Ray: a Ray that is started on this machine, or a cluster that runs already."""

import contextlib
import logging
import os
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator
from typing import Any

from ecm_tf.core.errors import InputError
from ecm_tf.core.proxies import without_proxies

LOCAL = "local"
"""The address that stands for a Ray of its own on this machine."""

OBJECT_STORE_BYTES = 100_000_000
"""Shared memory of a Ray on this machine for programs that hardly use it; Ray's default is a third
of the machine's memory."""

MAX_TMPDIR = 107 - 70
"""Length of the longest temporary directory, in bytes, in which Ray can create its sockets."""


def disable_cluster() -> None:
    """Makes Ray on this machine use the loopback interface for its internal traffic.

    Must be called before Ray is imported. The variable is named after the systems on which this is
    Ray's default; its value decides whether other machines may join.
    """
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"


def connect(
    address: str,
    *,
    cpus: int,
    object_store_bytes: int = OBJECT_STORE_BYTES,
    runtime_env: dict[str, Any] | None = None,
) -> Any:
    """Starts Ray on this machine, or connects to a cluster; Ray's own log is not printed.

    Args:
        address: `local`; or `auto` or HOST:PORT of a cluster.
        cpus: number of CPUs of a Ray on this machine.
        object_store_bytes: shared memory of a Ray on this machine.
        runtime_env: of Ray's processes.

    Returns:
        Ray's context.

    Raises:
        InputError: there is no cluster at the address.
    """
    import ray

    _shorten_temporary_directory()
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # Ray's default niceness is 15, with which any other busy program would starve its processes.
    os.environ.setdefault("RAY_worker_niceness", "0")
    settings: dict[str, Any] = {}
    if address == LOCAL:
        settings = {
            "num_cpus": cpus,
            "include_dashboard": False,
            "object_store_memory": object_store_bytes,
        }
    else:
        _check_cluster(address)
    # Ray's processes on this machine send their metrics to each other, which no proxy reaches.
    direct = without_proxies() if address == LOCAL else contextlib.nullcontext()
    try:
        with direct, _own_signal_handlers():
            return ray.init(
                address,
                runtime_env=runtime_env,
                log_to_driver=False,
                logging_level=logging.ERROR,
                **settings,
            )
    except ConnectionError as error:
        raise InputError(
            f"--ray_address: expected a Ray cluster at {address}, got none."
        ) from error


def require_cpus(cpus: int, flag: str) -> None:
    """Checks the number of CPUs of the cluster, and disconnects if there are too few.

    Raises:
        InputError: the cluster has fewer CPUs than `cpus`, the value of `flag`.
    """
    import ray

    available = ray.cluster_resources().get("CPU", 0)
    if available < cpus:
        ray.shutdown()
        raise InputError(
            f"{flag}: expected at most {available:g}, the CPUs of the cluster; got {cpus}."
        )


@contextlib.contextmanager
def _own_signal_handlers() -> Iterator[None]:
    """Restores the handler of SIGTERM, which Ray replaces while it starts."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, before)


def _shorten_temporary_directory() -> None:
    """Moves Ray's files to /tmp if the paths of its Unix sockets would exceed the system's limit.

    Ray adds up to 68 characters to the temporary directory, and a path may have 107.
    """
    if "RAY_TMPDIR" not in os.environ and len(os.fsencode(tempfile.gettempdir())) > MAX_TMPDIR:
        os.environ["RAY_TMPDIR"] = "/tmp"


def _check_cluster(address: str) -> None:
    """Checks that a cluster's port is open, because Ray itself would retry for minutes."""
    host, _, port = address.rpartition(":")
    if address == "auto":
        return
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except (OSError, ValueError) as error:
        raise InputError(
            f"--ray_address: expected {LOCAL}, auto or HOST:PORT of a cluster, got {address}; "
            f"{error}."
        ) from error
