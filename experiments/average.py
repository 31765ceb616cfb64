"""Averages the weights of several models of one run.

python -m experiments.average MODEL… --output OUTPUT

A model from before the run overfits and one from after it can be better together than either: one
has the lower perplexity on one test part, the other on another.
"""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from ecm_tf.core import command
from ecm_tf.core.arguments import Parser
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import MANIFEST, read_manifest, sha256
from ecm_tf.model.directory import COMPACT_WEIGHTS, WEIGHTS, load_model, save_model

_WEIGHTS = (WEIGHTS, COMPACT_WEIGHTS)


def average(directories: list[Path], output: Path) -> None:
    """Writes a model directory with the means of the weights of others.

    Args:
        directories: model directories with the same configuration and text assets, at least one.
        output: model directory to write or to replace.

    Raises:
        InputError: a model directory is missing or damaged, or differs from the first one in more
            than its weights.
    """
    models = [load_model(directory) for directory in directories]
    manifests = [read_manifest(directory, "model") for directory in directories]
    first, *others = [
        {name: digest for name, digest in manifest["files"].items() if name not in _WEIGHTS}
        for manifest in manifests
    ]
    for directory, files in zip(directories[1:], others, strict=True):
        if files != first:
            raise InputError(
                f"{directory}: expected the configuration and text assets of {directories[0]}, "
                "got others."
            )
    model, assets = models[0]
    weights = zip(*(model.get_weights() for model, _ in models), strict=True)
    model.set_weights([np.mean(arrays, axis=0) for arrays in weights])
    steps = [manifest["counts"]["step"] for manifest in manifests]
    save_model(
        output,
        model,
        assets,
        settings=manifests[-1]["settings"],
        # That of an average is a list itself.
        counts={"step": [*chain.from_iterable(s if isinstance(s, list) else [s] for s in steps)]},
        sources={
            **manifests[-1]["sources"],
            **{f"model {n}": sha256(path / MANIFEST) for n, path in enumerate(directories)},
        },
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the command; see the module."""
    parser = Parser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, nargs="+", help="model directories of one run")
    parser.add_argument("--output", type=Path, required=True, help="model directory to write")
    arguments = parser.parse_args(argv)
    average(arguments.model, arguments.output)


if __name__ == "__main__":
    command.run(main)
