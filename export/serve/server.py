"""Starts and stops the server."""

import dataclasses
import logging
import os
from pathlib import Path
from typing import Self

import ray
from ray import serve
from ray.serve.config import HTTPOptions, gRPCOptions
from ray.serve.schema import LoggingConfig

from ecm_tf.core import ray_cluster
from export.addresses import check_port
from export.serve import proxy_process
from export.serve.replica import application
from export.serve.self_check import check_ready
from export.serve.settings import ServerConfig


class Server:
    """A running server; a context manager whose exit finishes the accepted requests.

    Args:
        base: directory with the versions `1/`, `2/`, …
        config: settings of the server, whose files `export.serve.credentials.check` accepts.

    Attributes:
        log_directory: directory of the logs on this machine.

    Raises:
        InputError: no version can be loaded, a port is taken, or the Ray cluster does not exist or
            has too few CPUs.
    """

    def __init__(self, base: Path, config: ServerConfig) -> None:
        # Ray's processes may have another working directory.
        config = self._config = _with_absolute_paths(config)
        session_directory = _start_ray(config)
        self.log_directory = Path(config.log_dir or session_directory / "logs" / "serve")
        try:
            logging_config = LoggingConfig(encoding="JSON", logs_dir=config.log_dir)
            serve.start(
                http_options=HTTPOptions(
                    host=config.host,
                    port=config.rest_port,
                    request_timeout_s=config.timeout_seconds,
                    ssl_keyfile=config.tls_key,
                    ssl_certfile=config.tls_cert,
                ),
                grpc_options=gRPCOptions(
                    port=config.grpc_port,
                    grpc_servicer_functions=[proxy_process.GRPC_SERVICES],
                    request_timeout_s=config.timeout_seconds,
                    enable_reflection=True,
                ),
                logging_config=logging_config,
            )
            serve.run(
                application(base.resolve(), config),
                name=config.model,
                route_prefix="/",
                logging_config=logging_config,
            )
            check_ready(base, config)
        except BaseException:
            self.close()
            raise

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

    def set_up() -> None:
        proxy_process.set_up(config)

    # The command prints what users need to know about the start.
    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    # Ray reads this variable in its own processes.
    variables = {"RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH": proxy_process.HTTP_MIDDLEWARES}
    if config.ray_address == ray_cluster.LOCAL:
        check_port(config.host, config.rest_port, "--rest_port")
        check_port(config.host, config.grpc_port, "--grpc_port")
    context = ray_cluster.connect(
        config.ray_address,
        cpus=config.cpus,
        runtime_env={"env_vars": variables, "worker_process_setup_hook": set_up},
    )
    ray_cluster.require_cpus(config.cpus, "--cpus")
    return Path(context.address_info["session_dir"])


def _with_absolute_paths(config: ServerConfig) -> ServerConfig:
    paths = {
        name: os.path.abspath(path)
        for name in ("tls_cert", "tls_key", "token_file", "log_dir")
        if (path := getattr(config, name)) is not None
    }
    return dataclasses.replace(config, **paths)
