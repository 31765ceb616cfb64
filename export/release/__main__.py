"""Releases a model: `python -m export.release`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ecm_tf.config import add_search_options, parse_search
from ecm_tf.core import command
from ecm_tf.core.arguments import Parser
from ecm_tf.core.imports import importing_tensorflow
from ecm_tf.core.released import add_model_flags

PROG = "python -m export.release"
DTYPES = ("float16", "int8")


def parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Returns the command's argument parser."""
    result = Parser(
        prog=prog,
        description="Write a small model directory that holds everything its replies need: the "
        "model, its search settings, the classifier of --rerank and the words of --block_words. "
        "`ecm_tf.load`, chat, demo and export.saved_model use these settings by default.",
    )
    add_model_flags(result, "model directory to release")
    result.add_argument(
        "--output", type=Path, required=True, metavar="DIRECTORY", help="model directory to write"
    )
    result.add_argument(
        "--overwrite", action="store_true", help="replace a model directory in --output"
    )
    result.add_argument(
        "--weights",
        choices=DTYPES,
        default="int8",
        help="dtype of the stored weights; int8: large matrices only, with a scale for each index "
        "of the longest axis, and the rest in float16; computation is always in float32 (default: "
        "%(default)s)",
    )
    result.add_argument(
        "--card",
        type=Path,
        metavar="FILE",
        help="text that describes the model (model card), copied as README.md",
    )
    add_search_options(result, "search, which becomes the default of the written model")
    return result


def main(argv: Sequence[str] | None = None, prog: str = PROG) -> None:
    """Runs the command; see `--help`."""
    arguments = parser(prog).parse_args(argv)
    search = parse_search(parser(prog), argv, arguments.train_dir)
    with importing_tensorflow():
        from export.release.writing import write_release

    output = write_release(
        arguments.train_dir,
        arguments.output,
        search,
        weights=arguments.weights,
        card=arguments.card,
        overwrite=arguments.overwrite,
    )
    sizes = {
        path.name: sum(file.stat().st_size for file in [path, *path.rglob("*")] if file.is_file())
        for path in output.iterdir()
    }
    parts = ", ".join(f"{name} {size / 1e6:.1f}" for name, size in sorted(sizes.items()))
    print(f"{output}: {sum(sizes.values()) / 1e6:.1f} MB ({parts}), search: {search.name}")


if __name__ == "__main__":
    command.run(main)
