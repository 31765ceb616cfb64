"""Exports a SavedModel: `python -m export.saved_model --train_dir MODEL --output BASE`.

The result, `BASE/<version>/`, takes raw text and returns raw text. To load it, a program needs
`tensorflow` and `import tensorflow_text`, but not this package.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from ecm_tf.config import add_search_options, parse_search
from ecm_tf.core import command
from ecm_tf.core.arguments import Parser, positive_int
from ecm_tf.core.imports import importing_tensorflow
from ecm_tf.core.native_stderr import suppress_native_stderr
from ecm_tf.core.released import add_model_flags
from export.saved_model.exporter import DTYPES, export_saved_model
from export.saved_model.model_info import read_model_info
from export.version_directories import version

PROG = "python -m export.saved_model"


def parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Returns the command's argument parser."""
    result = Parser(
        prog=prog,
        description="Export a model directory as a SavedModel that takes posts and emotions as "
        "text. The search settings become a fixed part of it.",
    )
    add_model_flags(result, "model directory to export")
    result.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="BASE",
        help="base directory; the SavedModel is written to BASE/<version>/",
    )
    result.add_argument(
        "--version",
        type=version,
        help="version number of the SavedModel (default: one more than the newest in BASE)",
    )
    result.add_argument(
        "--n_best",
        type=positive_int,
        default=5,
        help="number of replies that the signature n_best returns; if the search finds fewer, "
        "this signature uses beam search (default: %(default)s)",
    )
    result.add_argument(
        "--weights",
        choices=DTYPES,
        default="float32",
        help="dtype of the stored weights; computation is always in float32 (default: %(default)s)",
    )
    add_search_options(result)
    return result


def main(argv: Sequence[str] | None = None, prog: str = PROG) -> None:
    """Runs the command; see `--help`."""
    arguments = parser(prog).parse_args(argv)
    search = parse_search(parser(prog), argv, arguments.train_dir, also_beam=True)
    with importing_tensorflow():
        import tensorflow as tf
        import tensorflow_text  # noqa: F401  Imported here to hide what it prints on import.
    version_directory = export_saved_model(
        arguments.train_dir,
        arguments.output,
        arguments.version,
        search=search,
        n_best=arguments.n_best,
        dtype=arguments.weights,
    )
    n_best_search = read_model_info(version_directory)["n_best_search"]["name"]
    size = sum(path.stat().st_size for path in version_directory.rglob("*") if path.is_file())
    start = time.perf_counter()
    with suppress_native_stderr():
        names = sorted(tf.saved_model.load(str(version_directory)).signatures)
    seconds = time.perf_counter() - start
    print(
        f"{version_directory}: {size / 1e6:.1f} MB, loaded in {seconds:.1f} s, "
        f"search: {search.name}; n_best: {arguments.n_best} of {n_best_search}; "
        f"signatures {', '.join(names)}"
    )


if __name__ == "__main__":
    command.run(main)
