"""Try a model on a page: `python -m export.demo SOURCE`."""

import argparse
import os
from collections.abc import Sequence

from ecm_tf.config import RERANKED, SearchConfig
from ecm_tf.core import command
from ecm_tf.core.errors import InputError

PROG = "python -m export.demo"


def parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Returns the command's argument parser."""
    result = argparse.ArgumentParser(
        prog=prog,
        description="A page to try a model: a post in, replies in every emotion out, and what went "
        "on inside.",
    )
    result.add_argument(
        "source",
        help="a model directory, a SavedModel (BASE or BASE/<version>), or the address of a "
        "server, http://HOST:PORT or grpc://HOST:PORT",
    )
    result.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: %(default)s)"
    )
    result.add_argument("--port", type=int, default=7860, help="(default: %(default)s)")
    command.add_options(result.add_argument_group("search, of a model directory"), SearchConfig)
    return result


def main(argv: Sequence[str] | None = None, prog: str = PROG) -> None:
    """The command; see `--help`."""
    arguments = command.parse(parser(prog), argv, lambda given: RERANKED if given.rerank else {})
    search = SearchConfig(**command.options_of(SearchConfig, arguments))
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    try:
        with command.suppress_native_stderr():
            from export.demo.page import launch, page
    except ModuleNotFoundError as error:
        raise InputError(f"{error.name} is missing; pip install 'ecm-tf[demo]'.") from error
    from export.demo.sources import open_source

    with command.suppress_native_stderr():
        source = open_source(arguments.source, search)
    print(f"look at: http://{arguments.host}:{arguments.port}", flush=True)
    launch(page(source), arguments.host, arguments.port)


if __name__ == "__main__":
    command.run(main)
