"""Connections to Ray, on this machine or on a cluster."""

import contextlib
import logging
import os
import socket
import tempfile
from pathlib import Path
from typing import Any

from ecm_tf.core.errors import InputError
from ecm_tf.core.proxies import without_proxies

LOCAL = "local"
"""The address that starts Ray on this machine."""

OBJECT_STORE_BYTES = 100_000_000
"""Ray's shared memory. Little passes through it; Ray's default is a third of the memory."""

MAX_TMPDIR = 107 - 70
"""Length of the longest temporary directory, in bytes, in which Ray can create its sockets."""


def disable_cluster() -> None:
    """Makes Ray on this machine use the loopback interface for its internal traffic.

    Must be called before Ray is imported. The variable is named after the systems on which this is
    Ray's default; its value decides whether other machines may join.
    """
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"


def connect(address: str, cpus: int, *, flag: str, **settings: Any) -> Path:
    """Starts Ray on this machine, or connects to a cluster; `ray.shutdown` ends it.

    Args:
        address: `LOCAL`, `auto` or HOST:PORT of a cluster, from `--ray_address`.
        cpus: number of CPUs that the caller needs; Ray on this machine gets as many.
        flag: name of the flag that determines `cpus`, for messages.
        **settings: of `ray.init`, besides those that are the same for all callers.

    Returns:
        Ray's session directory on this machine.

    Raises:
        InputError: the cluster does not exist or has too few CPUs.
    """
    import ray

    _shorten_temporary_directory()
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if address == LOCAL:
        # Ray's processes on this machine send messages to each other, which no proxy reaches.
        direct: contextlib.AbstractContextManager[None] = without_proxies()
        settings |= {
            "num_cpus": cpus,
            "include_dashboard": False,
            "object_store_memory": OBJECT_STORE_BYTES,
        }
    else:
        direct = contextlib.nullcontext()
        _check_cluster(address)
    try:
        with direct:
            context: Any = ray.init(address, logging_level=logging.ERROR, **settings)
    except ConnectionError as error:
        raise InputError(
            f"--ray_address: expected a Ray cluster at {address}, got none."
        ) from error
    available = ray.cluster_resources().get("CPU", 0)
    if available < cpus:
        ray.shutdown()
        raise InputError(
            f"{flag}: expected at most {available:g}, the CPUs of the cluster; got {cpus}."
        )
    return Path(context.address_info["session_dir"])


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
            f"--ray_address: expected auto or HOST:PORT of a cluster, got {address}; {error}."
        ) from error
