"""Ask a SavedModel: `python -m export.ask VERSION_DIRECTORY POST…`.

The model is loaded with TensorFlow and tensorflow-text alone, as a program of one's own would.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ecm_tf.core import command
from ecm_tf.core.errors import InputError

PROG = "python -m export.ask"


def parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Returns the command's argument parser."""
    result = argparse.ArgumentParser(
        prog=prog,
        description="Answer posts in every emotion with an exported SavedModel.",
    )
    result.add_argument("saved_model", type=Path, help="BASE/<version>, from export.saved_model")
    result.add_argument("post", nargs="+", help="raw text")
    return result


def main(argv: Sequence[str] | None = None, prog: str = PROG) -> None:
    """The command; see `--help`."""
    arguments = parser(prog).parse_args(argv)
    if not (arguments.saved_model / "saved_model.pb").is_file():
        raise InputError(f"{arguments.saved_model}: expected a SavedModel directory.")
    with command.suppress_native_stderr():
        import tensorflow as tf
        import tensorflow_text  # noqa: F401  Its operations are inside the model.

        model = tf.saved_model.load(str(arguments.saved_model))
    answers = model.signatures["all_emotions"](post=tf.constant(arguments.post))
    rows = zip(arguments.post, answers["emotion"].numpy(), answers["response"].numpy(), strict=True)
    for post, emotions, responses in rows:
        print(post)
        for emotion, response in zip(emotions, responses, strict=True):
            print(f"{emotion.decode()}: {response.decode()}")


if __name__ == "__main__":
    command.run(main)
