"""Serve a model: `python -m export.serve BASE`."""

import argparse
import signal
import threading
from collections.abc import Sequence
from pathlib import Path

from ecm_tf.core import command
from ecm_tf.core.errors import InputError
from export.serve import loopback
from export.serve.settings import LOCAL, ServerConfig

PROG = "python -m export.serve"


def parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Returns the command's argument parser."""
    result = argparse.ArgumentParser(
        prog=prog,
        description="Serve the newest versions below BASE as TF Serving does, over REST and gRPC, "
        "until interrupted. A new version is answered from once it is loaded.",
        epilog="Example: python -m export.serve build/demo/saved_model, then, elsewhere: "
        "python -m export.client http://127.0.0.1:8501 今天又加班到十点。",
    )
    result.add_argument("base", type=Path, help="what export.saved_model wrote: 1/, 2/, …")
    command.add_options(result, ServerConfig)
    return result


def main(argv: Sequence[str] | None = None, prog: str = PROG) -> None:
    """The command; see `--help`."""
    arguments = parser(prog).parse_args(argv)
    config = ServerConfig(**command.options_of(ServerConfig, arguments))
    base = arguments.base
    if not base.is_dir():
        raise InputError(f"{base}: no such directory; expected one that holds versions: 1/, 2/, …")
    if not any(path.parent.name.isdigit() for path in base.glob("*/saved_model.pb")):
        raise InputError(f"{base}: expected a version, {base}/<number>/saved_model.pb; got none.")
    if config.ray_address == LOCAL:
        loopback.stay_alone()
    try:
        with command.suppress_native_stderr():
            from export.serve.server import Server
    except ModuleNotFoundError as error:
        raise InputError(f"{error.name} is missing; pip install 'ecm-tf[serve]'.") from error

    print(f"loading {base} …", flush=True)
    with Server(base, config) as server:
        # Only now: starting, Ray sets handlers of its own.
        ended = threading.Event()
        for end in (signal.SIGINT, signal.SIGTERM):
            signal.signal(end, lambda *_: ended.set())
        where = (
            f"REST http://{config.host}:{config.rest_port}, gRPC {config.host}:{config.grpc_port}"
        )
        print(f"serving {config.model}: {where}; logs: {server.log_directory}", flush=True)
        ended.wait()
        print("ending: answering what was accepted …", flush=True)


if __name__ == "__main__":
    command.run(main)
