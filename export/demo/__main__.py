"""Serves a web page to try a model: `python -m export.demo SOURCE`."""

import argparse
import os
from collections.abc import Iterable, Sequence

from ecm_tf.config import SearchConfig, parse_search
from ecm_tf.core import command
from ecm_tf.core.arguments import Parser, port
from ecm_tf.core.optional import require_extra
from export.proxies import without_proxies

PROG = "python -m export.demo"


def parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Returns the command's argument parser."""
    result = Parser(
        prog=prog,
        description="Serve a web page that shows a model's reply to a post in every emotion, with "
        "attention, emotion-word gate and internal memory.",
    )
    result.add_argument(
        "source",
        help="model directory, SavedModel (BASE or BASE/<version>), or address of a "
        "server, http://HOST:PORT or grpc://HOST:PORT",
    )
    result.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: %(default)s)"
    )
    result.add_argument(
        "--port", type=port, default=7860, help="port to listen on (default: %(default)s)"
    )
    command.add_options(result.add_argument_group("search, for a model directory"), SearchConfig)
    return result


def _gives_any(names: Iterable[str], argv: Sequence[str] | None, prog: str) -> bool:
    """Returns whether the command line gives any of the flags, even with its default value."""
    absent = object()
    given = parser(prog).parse_args(argv, argparse.Namespace(**dict.fromkeys(names, absent)))
    return any(getattr(given, name) is not absent for name in names)


def main(argv: Sequence[str] | None = None, prog: str = PROG) -> None:
    """Runs the command; see `--help`."""
    arguments, search = parse_search(parser(prog), argv)
    given = _gives_any(search.to_dict(), argv, prog)
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    with command.suppress_native_stderr(), require_extra("demo"), without_proxies():
        from export.demo.page import launch, page
    from export.demo.sources import open_source

    with command.suppress_native_stderr():
        source = open_source(arguments.source, search if given else None)
    print(f"open http://{arguments.host}:{arguments.port}", flush=True)
    launch(page(source), arguments.host, arguments.port)


if __name__ == "__main__":
    command.run(main)
