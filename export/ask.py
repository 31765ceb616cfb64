"""Prints the replies of an exported model: `python -m export.ask VERSION_DIRECTORY POST…`.

The SavedModel is loaded with TensorFlow and tensorflow-text only, as in any other program.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ecm_tf.core import command
from ecm_tf.core.arguments import Parser
from ecm_tf.core.errors import InputError

PROG = "python -m export.ask"


def parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Returns the command's argument parser."""
    result = Parser(
        prog=prog,
        description="Print the replies of an exported SavedModel to posts, one per emotion.",
    )
    result.add_argument(
        "saved_model", type=Path, help="version directory BASE/<version> of export.saved_model"
    )
    result.add_argument("post", nargs="+", help="post as raw text")
    return result


def main(argv: Sequence[str] | None = None, prog: str = PROG) -> None:
    """Runs the command; see `--help`."""
    arguments = parser(prog).parse_args(argv)
    if not (arguments.saved_model / "saved_model.pb").is_file():
        raise InputError(f"{arguments.saved_model}: expected a SavedModel directory.")
    with command.suppress_native_stderr():
        import tensorflow as tf
        import tensorflow_text  # noqa: F401  Registers operations that the SavedModel uses.

        model = tf.saved_model.load(str(arguments.saved_model))
    outputs = model.signatures["all_emotions"](post=tf.constant(arguments.post))
    rows = zip(arguments.post, outputs["emotion"].numpy(), outputs["response"].numpy(), strict=True)
    for post, emotions, replies in rows:
        print(post)
        for emotion, reply in zip(emotions, replies, strict=True):
            print(f"{emotion.decode()}: {reply.decode()}")


if __name__ == "__main__":
    command.run(main)
