"""Serves an exported model: `python -m export.serve BASE`."""

import argparse
import signal
import threading
from collections.abc import Sequence
from pathlib import Path

from ecm_tf.core import command, ray_cluster
from ecm_tf.core.arguments import Parser
from ecm_tf.core.errors import InputError
from ecm_tf.core.files import make_directory
from ecm_tf.core.imports import importing_tensorflow
from ecm_tf.core.optional import require_extra
from export.serve import credentials
from export.serve.settings import ServerConfig
from export.version_directories import version_directories

PROG = "python -m export.serve"


def parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Returns the command's argument parser."""
    result = Parser(
        prog=prog,
        description="Serve the newest versions in BASE with TF Serving's REST and gRPC APIs until "
        "interrupted. New versions are loaded while the server runs.",
        epilog="Example: python -m export.serve build/demo/saved_model, then in another shell: "
        "python -m export.client http://127.0.0.1:8501 今天又加班到十点。",
    )
    result.add_argument(
        "base", type=Path, help="base directory of export.saved_model, with the versions 1/, 2/, …"
    )
    command.add_options(result, ServerConfig)
    return result


def main(argv: Sequence[str] | None = None, prog: str = PROG) -> None:
    """Runs the command; see `--help`."""
    arguments = parser(prog).parse_args(argv)
    config = ServerConfig(**command.options_of(ServerConfig, arguments))
    base = arguments.base
    if not base.is_dir():
        raise InputError(f"{base}: no such directory; expected one with versions 1/, 2/, …")
    if not version_directories(base):
        raise InputError(f"{base}: expected a version, {base}/<number>/saved_model.pb; got none.")
    credentials.check(config)
    if config.ray_address == ray_cluster.LOCAL:
        ray_cluster.disable_cluster()
        if config.log_dir is not None:
            make_directory(Path(config.log_dir))
    with importing_tensorflow(), require_extra("serve"):
        from export.serve.server import Server

    print(f"loading {base} …", flush=True)
    with Server(base, config) as server:
        # Installed after the start, because Ray sets its own handlers while it starts.
        stopped = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        scheme, encryption = ("https", " with TLS") if config.tls else ("http", "")
        addresses = (
            f"REST {scheme}://{config.address(config.rest_port)}, "
            f"gRPC {config.address(config.grpc_port)}{encryption}"
        )
        print(f"serving {config.model}: {addresses}; logs: {server.log_directory}", flush=True)
        stopped.wait()
        print("stopping: finishing the accepted requests …", flush=True)


if __name__ == "__main__":
    command.run(main)
