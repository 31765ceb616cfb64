"""Import an original checkpoint: `python -m ecm_tf.original PREFIX --output MODEL`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ecm_tf.config import ORIGINAL_BUCKETS, add_buckets
from ecm_tf.core import command
from ecm_tf.core.arguments import Parser
from ecm_tf.core.imports import importing_tensorflow
from ecm_tf.original.conversion import import_checkpoint

PROG = "python -m ecm_tf.original"


def parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Returns the command's argument parser."""
    result = Parser(
        prog=prog,
        description="Convert a checkpoint of the original program into a model directory, "
        "for chat, evaluation, export or further training.",
    )
    result.add_argument(
        "checkpoint",
        metavar="PREFIX",
        help="path of the checkpoint without its extensions (.index, .data-…)",
    )
    result.add_argument(
        "--output",
        type=Path,
        required=True,
        help="a new or empty directory; becomes the model directory",
    )
    result.add_argument(
        "--post_vocab",
        type=Path,
        help="the original's vocabulary file, one word per line; without it words are ids",
    )
    result.add_argument("--response_vocab", type=Path, help="the same for responses")
    result.add_argument(
        "--ememory", type=Path, help="file of emotion words to use instead of the checkpoint's"
    )
    add_buckets(result, ORIGINAL_BUCKETS)
    return result


def main(argv: Sequence[str] | None = None, prog: str = PROG) -> None:
    """Runs the command; see `--help`."""
    arguments = parser(prog).parse_args(argv)
    with importing_tensorflow():
        import ecm_tf.model.directory  # noqa: F401  Imports TensorFlow, which prints notes.
    model = import_checkpoint(
        arguments.checkpoint,
        arguments.output,
        post_vocab=arguments.post_vocab,
        response_vocab=arguments.response_vocab,
        ememory=arguments.ememory,
        buckets=arguments.buckets,
    )
    config = model.config
    print(
        f"{arguments.output}: {config.variant}, {config.num_layers} layers of {config.size}, "
        f"vocabularies of {config.post_vocabulary_size} and {config.response_vocabulary_size} "
        f"words, {config.categories} emotions"
    )


if __name__ == "__main__":
    command.run(main)
