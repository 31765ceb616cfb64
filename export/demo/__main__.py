"""Serves a web page to try a model: `python -m export.demo SOURCE`."""

import argparse
import os
from collections.abc import Sequence

from ecm_tf.config import SearchConfig, add_search_options
from ecm_tf.core import command
from ecm_tf.core.arguments import Parser, port
from ecm_tf.core.native_stderr import suppress_native_stderr
from ecm_tf.core.optional import require_extra
from ecm_tf.core.proxies import without_proxies
from ecm_tf.core.released import add_name_flag
from export.addresses import check_port

PROG = "python -m export.demo"


def parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Returns the command's argument parser."""
    result = Parser(
        prog=prog,
        description="Serve a web page that shows a model's reply to a post in every emotion, with "
        "attention, emotion-word gate and internal memory.",
    )
    source = result.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "source",
        nargs="?",
        help="model directory, SavedModel (BASE or BASE/<version>), or address of a "
        "server, http://HOST:PORT or grpc://HOST:PORT",
    )
    add_name_flag(source)
    result.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: %(default)s)"
    )
    result.add_argument(
        "--port", type=port, default=7860, help="port to listen on (default: %(default)s)"
    )
    add_search_options(result, "search, for a model directory")
    return result


def main(argv: Sequence[str] | None = None, prog: str = PROG) -> None:
    """Runs the command; see `--help`."""
    arguments = parser(prog).parse_args(argv)
    search = command.given_options(SearchConfig, parser(prog), argv)
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    with suppress_native_stderr(), require_extra("demo"), without_proxies():
        from export.demo.page import launch, page
    from export.demo.sources import open_source

    check_port(arguments.host, arguments.port, "--port")
    with suppress_native_stderr():
        source = open_source(str(arguments.model or arguments.source), search)
    blocks = page(source)
    print(f"open {launch(blocks, arguments.host, arguments.port)}", flush=True)
    blocks.block_thread()


if __name__ == "__main__":
    command.run(main)
