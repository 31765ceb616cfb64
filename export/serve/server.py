"""Starts and stops the server."""

import logging
import os
import socket
import tempfile
from pathlib import Path
from typing import Any, Self

import ray
from ray import serve
from ray.serve.config import HTTPOptions, gRPCOptions
from ray.serve.schema import LoggingConfig

from ecm_tf.core.errors import InputError
from export.proxies import DirectSession
from export.serve import loopback
from export.serve.prediction_service import SERVICES
from export.serve.replica import application
from export.serve.settings import LOCAL, ServerConfig

OBJECT_STORE_BYTES = 100_000_000
"""Ray's shared memory. Requests do not use it; Ray's default is a third of the machine's memory."""

MAX_TMPDIR = 107 - 70
"""Length of the longest temporary directory, in bytes, in which Ray can create its sockets."""


class Server:
    """A running server; a context manager whose exit finishes the accepted requests.

    Args:
        base: directory with the versions `1/`, `2/`, …
        config: settings of the server.

    Attributes:
        log_directory: directory of the logs on this machine.

    Raises:
        InputError: no version can be loaded, a port is taken, or the Ray cluster does not exist or
            has too few CPUs.
    """

    def __init__(self, base: Path, config: ServerConfig) -> None:
        self._config = config
        self._rest = f"http://{_reachable(config.host)}:{config.rest_port}"
        session_directory = _start_ray(config)
        self.log_directory = Path(config.log_dir or session_directory / "logs" / "serve")
        try:
            logging_config = LoggingConfig(
                encoding="JSON", logs_dir=config.log_dir and str(Path(config.log_dir).resolve())
            )
            serve.start(
                http_options=HTTPOptions(
                    host=config.host,
                    port=config.rest_port,
                    request_timeout_s=config.timeout_seconds,
                ),
                grpc_options=gRPCOptions(
                    port=config.grpc_port,
                    grpc_servicer_functions=SERVICES,
                    request_timeout_s=config.timeout_seconds,
                ),
                logging_config=logging_config,
            )
            serve.run(
                application(base.resolve(), config),
                name=config.model,
                route_prefix="/",
                logging_config=logging_config,
            )
            self._check_ready(base)
        except BaseException:
            self.close()
            raise

    def _check_ready(self, base: Path) -> None:
        session = DirectSession()
        if session.get(f"{self._rest}/readyz", timeout=10).ok:
            return
        url = f"{self._rest}/v1/models/{self._config.model}"
        reasons = [
            f"version {state['version']}: {state['status']['error_message']}"
            for state in session.get(url, timeout=10).json()["model_version_status"]
        ]
        raise InputError(f"{base}: no version can be loaded; {'; '.join(reasons).rstrip('.')}.")

    def close(self) -> None:
        """Finishes the accepted requests and stops; on a cluster, Ray Serve keeps running."""
        if self._config.model in serve.status().applications:
            serve.delete(self._config.model)
        ray.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _start_ray(config: ServerConfig) -> Path:
    """Starts Ray on this machine, or connects to a cluster; returns Ray's session directory."""
    single_machine = config.ray_address == LOCAL
    # Copied, because the closure is pickled for Ray's worker processes.
    host, grpc_port = config.host, config.grpc_port

    def restrict_interfaces() -> None:
        loopback.restrict(host, grpc_port, single_machine)

    _shorten_temporary_directory()
    # The command prints what users need to know about the start.
    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    settings: dict[str, Any] = {}
    if single_machine:
        _check_ports(config)
        settings = {
            "num_cpus": config.cpus,
            "include_dashboard": False,
            "object_store_memory": OBJECT_STORE_BYTES,
        }
    else:
        _check_cluster(config.ray_address)
    try:
        context: Any = ray.init(
            config.ray_address,
            runtime_env={
                # Ray reads this variable in its own processes.
                "env_vars": {"RAY_SERVE_GRPC_MAX_MESSAGE_SIZE": str(config.max_request_bytes)},
                "worker_process_setup_hook": restrict_interfaces,
            },
            log_to_driver=False,
            logging_level=logging.ERROR,
            **settings,
        )
    except ConnectionError as error:
        raise InputError(
            f"--ray_address: expected a Ray cluster at {config.ray_address}, got none."
        ) from error
    available = ray.cluster_resources().get("CPU", 0)
    if available < config.cpus:
        ray.shutdown()
        raise InputError(
            f"--cpus: expected at most {available:g}, the CPUs of the cluster; got {config.cpus}."
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


def _check_ports(config: ServerConfig) -> None:
    for flag in ("rest_port", "grpc_port"):
        port = getattr(config, flag)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((config.host, port))
            except OSError as error:
                raise InputError(
                    f"--{flag}: cannot listen on {config.host}:{port}; {error.strerror}."
                ) from error


def _reachable(host: str) -> str:
    """Returns the address at which this machine reaches a server that listens on `host`."""
    return "127.0.0.1" if host == "0.0.0.0" else host
