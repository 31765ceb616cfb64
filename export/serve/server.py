"""The server's life: start, wait until it answers, end."""

import logging
import os
import socket
from pathlib import Path
from typing import Any, Self

import ray
import requests
from ray import serve
from ray.serve.config import HTTPOptions, gRPCOptions
from ray.serve.schema import LoggingConfig

from ecm_tf.core.errors import InputError
from export.serve import loopback
from export.serve.prediction_service import SERVICES
from export.serve.replica import application
from export.serve.settings import LOCAL, ServerConfig

OBJECT_STORE_BYTES = 100_000_000
"""Ray's shared memory, which requests do not use; left alone it takes a third of the machine's."""


class Server:
    """A running server; a context manager. Its end waits for what was accepted.

    Args:
        base: holds `1/`, `2/`, …
        config: how.

    Attributes:
        log_directory: where logs are written, on this machine.

    Raises:
        InputError: no version can be loaded, a port is taken, no such cluster or too small a one.
    """

    def __init__(self, base: Path, config: ServerConfig) -> None:
        self._config = config
        self._rest = f"http://{_reachable(config.host)}:{config.rest_port}"
        session = _join(config)
        self.log_directory = Path(config.log_dir or session / "logs" / "serve")
        try:
            logs = LoggingConfig(
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
                logging_config=logs,
            )
            serve.run(
                application(base.resolve(), config),
                name=config.model,
                route_prefix="/",
                logging_config=logs,
            )
            self._check_ready(base)
        except BaseException:
            self.close()
            raise

    def _check_ready(self, base: Path) -> None:
        if requests.get(f"{self._rest}/readyz", timeout=10).ok:
            return
        said = requests.get(f"{self._rest}/v1/models/{self._config.model}", timeout=10).json()
        reasons = [
            f"version {state['version']}: {state['status']['error_message']}"
            for state in said["model_version_status"]
        ]
        raise InputError(f"{base}: no version can be loaded; {'; '.join(reasons).rstrip('.')}.")

    def close(self) -> None:
        """Answers what was accepted, then ends; on a cluster, Ray Serve stays."""
        if self._config.model in serve.status().applications:
            serve.delete(self._config.model)
        ray.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _join(config: ServerConfig) -> Path:
    """Starts Ray on this machine, or connects to a cluster; returns its session's directory."""
    place = config.host, config.grpc_port, config.ray_address == LOCAL

    def restrict() -> None:
        loopback.restrict(*place)

    # What users want to know of its start is printed by the command.
    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    settings: dict[str, Any] = {}
    if config.ray_address == LOCAL:
        _check_ports(config)
        settings = {
            "num_cpus": config.cpus,
            "include_dashboard": False,
            "object_store_memory": OBJECT_STORE_BYTES,
        }
    else:
        _check_cluster(config.ray_address)
    try:
        context = ray.init(
            config.ray_address,
            runtime_env={
                # Read by Ray in its own processes.
                "env_vars": {"RAY_SERVE_GRPC_MAX_MESSAGE_SIZE": str(config.max_request_bytes)},
                "worker_process_setup_hook": restrict,
            },
            log_to_driver=False,
            logging_level="ERROR",
            **settings,
        )
    except ConnectionError as error:
        raise InputError(f"--ray_address: {config.ray_address}: no cluster there.") from error
    if (there := ray.cluster_resources().get("CPU", 0)) < config.cpus:
        ray.shutdown()
        raise InputError(f"--cpus: expected at most {there:g}, which the cluster has.")
    return Path(context.address_info["session_dir"])


def _check_cluster(address: str) -> None:
    """Ray itself would try for many minutes."""
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
    return "127.0.0.1" if host == "0.0.0.0" else host
