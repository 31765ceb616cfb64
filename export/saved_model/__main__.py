"""Export a SavedModel: `python -m export.saved_model --train_dir MODEL --output BASE`.

The result, `BASE/<version>/`, takes raw text and gives raw text. A process needs `tensorflow` and
`import tensorflow_text` to load it, nothing of this package.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from ecm_tf.config import RERANKED, SearchConfig
from ecm_tf.core import command
from export.saved_model.exporter import DTYPES, export

PROG = "python -m export.saved_model"


def parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Returns the command's argument parser."""
    result = argparse.ArgumentParser(
        prog=prog,
        description="Export a model directory as a SavedModel that takes (post, emotion) as text. "
        "How it finds replies is frozen into it.",
    )
    result.add_argument("--train_dir", type=Path, required=True, help="a model directory")
    result.add_argument(
        "--output", type=Path, required=True, metavar="BASE", help="gets BASE/<version>/"
    )
    result.add_argument("--version", type=int, help="(default: one after the newest in BASE)")
    result.add_argument(
        "--n_best", type=int, default=5, help="replies that n_best gives (default: %(default)s)"
    )
    result.add_argument(
        "--weights",
        choices=DTYPES,
        default="float32",
        help="dtype that weights are stored in; the model computes in float32 all the same "
        "(default: %(default)s)",
    )
    command.add_options(result.add_argument_group("search"), SearchConfig)
    return result


def main(argv: Sequence[str] | None = None, prog: str = PROG) -> None:
    """The command; see `--help`."""
    arguments = command.parse(parser(prog), argv, lambda given: RERANKED if given.rerank else {})
    search = SearchConfig(**command.options_of(SearchConfig, arguments))
    with command.suppress_native_stderr():
        import tensorflow as tf
        import tensorflow_text  # noqa: F401  Now, so that its start is not seen.
    target = export(
        arguments.train_dir,
        arguments.output,
        arguments.version,
        search=search,
        n_best=arguments.n_best,
        dtype=arguments.weights,
    )
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    start = time.perf_counter()
    with command.suppress_native_stderr():
        names = sorted(tf.saved_model.load(str(target)).signatures)
    seconds = time.perf_counter() - start
    print(
        f"{target}: {size / 1e6:.1f} MB, loaded in {seconds:.1f} s, search: {search.name}, "
        f"signatures {', '.join(names)}"
    )


if __name__ == "__main__":
    command.run(main)
