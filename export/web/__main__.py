"""Writes a web page that replies in the browser: `python -m export.web`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ecm_tf.core import command
from ecm_tf.core.arguments import Parser
from ecm_tf.core.imports import importing_tensorflow
from ecm_tf.core.released import add_model_flags
from export.tflite.files import add_quantize_flag

PROG = "python -m export.web"


def parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Returns the command's argument parser."""
    result = Parser(
        prog=prog,
        description="Write a folder of static files with a web page that replies to posts in every "
        "emotion. The model runs in the browser (LiteRT.js), and after the first visit without a "
        "network. Any file server can serve the folder, such as GitHub Pages or `python -m "
        "http.server`. Replies are found by greedy search, or sampled on request.",
    )
    add_model_flags(result, "model directory")
    result.add_argument(
        "--output", type=Path, required=True, metavar="SITE", help="folder to write"
    )
    result.add_argument(
        "--overwrite", action="store_true", help="replace a site of this command in --output"
    )
    add_quantize_flag(result, default="dynamic")
    return result


def main(argv: Sequence[str] | None = None, prog: str = PROG) -> None:
    """Runs the command; see `--help`."""
    arguments = parser(prog).parse_args(argv)
    with importing_tensorflow():
        from export.web.writing import write_site

    output = write_site(
        arguments.train_dir, arguments.output, arguments.quantize, overwrite=arguments.overwrite
    )
    size = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    print(f"{output}: {size / 1e6:.1f} MB")
    print(f"python -m http.server --bind 127.0.0.1 --directory {output}")
    print("open http://127.0.0.1:8000")


if __name__ == "__main__":
    command.run(main)
