"""Prints the replies of an exported model: `python -m export.ask VERSION_DIRECTORY POST…`.

The SavedModel is loaded with TensorFlow and tensorflow-text only, as in any other program. Raw
Chinese is split into words first if the model was trained on text split by spaces.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ecm_tf.core import command
from ecm_tf.core.arguments import Parser
from ecm_tf.core.errors import InputError
from ecm_tf.core.imports import importing_tensorflow
from ecm_tf.inference.word_segmentation import split_into_words
from export.assertions import assertion_message
from export.saved_model.model_info import expects_split_text, find_model_info

PROG = "python -m export.ask"


def parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Returns the command's argument parser."""
    result = Parser(
        prog=prog,
        description="Print the replies of an exported SavedModel to posts. Without --emotion, a "
        "post gets one reply per emotion.",
    )
    result.add_argument(
        "saved_model", type=Path, help="version directory BASE/<version> of export.saved_model"
    )
    result.add_argument("post", nargs="+", help="post as raw text")
    result.add_argument(
        "--emotion",
        help="requested emotion: English name, Chinese name or id; auto: the model chooses, if it "
        "was trained with --predict_emotion",
    )
    return result


def main(argv: Sequence[str] | None = None, prog: str = PROG) -> None:
    """Runs the command; see `--help`."""
    arguments = parser(prog).parse_args(argv)
    if not (arguments.saved_model / "saved_model.pb").is_file():
        raise InputError(f"{arguments.saved_model}: expected a SavedModel directory.")
    posts = arguments.post
    if expects_split_text(find_model_info(arguments.saved_model) or {}):
        posts = [split_into_words(post) for post in posts]
    with importing_tensorflow():
        import tensorflow as tf
        import tensorflow_text  # noqa: F401  Registers operations that the SavedModel uses.

        model = tf.saved_model.load(str(arguments.saved_model))
    name = "all_emotions" if arguments.emotion is None else "serving_default"
    if name not in model.signatures:
        raise InputError(
            f"{arguments.saved_model}: expected an exported ECM, got a SavedModel without the "
            f"signature {name}."
        )
    requested = tf.constant([arguments.emotion or ""] * len(posts))
    inputs = {"post": tf.constant(posts)}
    if arguments.emotion is not None:
        inputs["emotion"] = requested
    try:
        outputs = model.signatures[name](**inputs)
    except tf.errors.InvalidArgumentError as error:
        raise InputError(f"--emotion: {assertion_message(error.message)}") from error
    shape = [len(posts), -1]
    rows = zip(
        arguments.post,
        outputs.get("emotion", requested).numpy().reshape(shape),
        outputs["response"].numpy().reshape(shape),
        strict=True,
    )
    for post, emotions, replies in rows:
        print(post)
        for emotion, reply in zip(emotions, replies, strict=True):
            print(f"{emotion.decode()}: {reply.decode()}")


if __name__ == "__main__":
    command.run(main)
