"""Converts a model to TensorFlow Lite: `python -m export.tflite {convert,run,compare}`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ecm_tf.core import command
from ecm_tf.core.arguments import Parser, positive_int
from ecm_tf.core.errors import InputError
from ecm_tf.core.imports import importing_tensorflow
from ecm_tf.core.released import add_model_flags
from export.tflite.files import ASSETS, FILES, IDS, TEXT, PostShape, add_quantize_flag, locate

PROG = "python -m export.tflite"


def _convert(arguments: argparse.Namespace) -> None:
    files, shape = _files(arguments), _shape(arguments)
    with importing_tensorflow():
        from export.tflite.conversion import convert

    output = convert(
        arguments.train_dir,
        arguments.output,
        arguments.quantize,
        files=files,
        shape=shape,
        noise=arguments.noise,
    )
    sizes = ", ".join(f"{name} {(output / name).stat().st_size / 1e6:.1f} MB" for name in files)
    print(f"{output}: {sizes}")


def _files(arguments: argparse.Namespace) -> list[str]:
    return [name for name in FILES if not arguments.files or Path(name).stem in arguments.files]


def _shape(arguments: argparse.Namespace) -> PostShape | None:
    if arguments.noise and IDS not in _files(arguments):
        raise InputError(f"--noise: expected ids in --files, got {arguments.files}.")
    batch, length = arguments.batch, arguments.post_length
    if batch is None and length is None:
        return None
    if batch is None or length is None:
        raise InputError("--batch, --post_length: expected both or neither, got one.")
    if IDS not in _files(arguments):
        raise InputError(f"--batch, --post_length: expected ids in --files, got {arguments.files}.")
    return PostShape(batch, length)


def _run(arguments: argparse.Namespace) -> None:
    file = locate(arguments.file)
    with importing_tensorflow():
        from ecm_tf.text.assets import TextAssets
        from export.tflite.answering import answer

    assets = TextAssets.load(file.parent / ASSETS)
    emotions = assets.emotions
    requested = emotions.names if arguments.emotion is None else [arguments.emotion]
    ids = [emotions.id_of(emotion) for emotion in requested]
    rows = zip(arguments.post, answer(file, assets, arguments.post, ids), strict=True)
    for post, replies in rows:
        print(post)
        for id_, reply in zip(ids, replies, strict=True):
            print(f"{emotions[id_].name}: {reply}")


def _compare(arguments: argparse.Namespace) -> None:
    with importing_tensorflow():
        from export.tflite.comparison import compare, table

    measurements = compare(
        arguments.train_dir,
        arguments.dataset,
        arguments.split,
        arguments.posts,
        files=_files(arguments),
    )
    print(table(measurements))


def parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Returns the command's argument parser."""
    result = Parser(
        prog=prog,
        description="Convert a model to TensorFlow Lite, run it, and compare it with the model.",
    )
    commands = result.add_subparsers(required=True, metavar="COMMAND")

    convert = commands.add_parser(
        "convert",
        help="write the TensorFlow Lite files",
        description=f"Write {IDS} (token ids in and out) and {TEXT} (text in and out).",
    )
    add_model_flags(convert, "model directory to convert")
    convert.add_argument("--output", type=Path, required=True, help="new directory")
    add_quantize_flag(convert, default="none")
    _add_files_flag(convert, "files to write")
    convert.add_argument(
        "--batch",
        type=positive_int,
        help=f"fixed number of posts in a batch of {IDS}, such as the number of emotions; with "
        "--post_length, for runtimes that refuse dynamic dimensions, such as LiteRT.js",
    )
    convert.add_argument(
        "--post_length",
        type=positive_int,
        help=f"fixed number of tokens in a post of {IDS}; longer posts are cut to it",
    )
    convert.add_argument(
        "--noise",
        action="store_true",
        help=f"give {IDS} an input `noise`, with which an application can sample replies",
    )
    convert.set_defaults(run=_convert)

    run = commands.add_parser(
        "run", help="print replies", description="Print the replies of a file to posts."
    )
    run.add_argument(
        "file", type=Path, help=f"directory written by convert, or its {IDS} or {TEXT}"
    )
    run.add_argument("post", nargs="+", help="post as raw text")
    run.add_argument("--emotion", help="requested emotion, name or id (default: all emotions)")
    run.set_defaults(run=_run)

    compare = commands.add_parser(
        "compare",
        help="compare every kind of file with the model",
        description="Convert the model under every scheme, and print for each file its size, load "
        "time, time per post, memory and agreement with the model's replies, as a Markdown table.",
    )
    add_model_flags(compare, "model directory")
    compare.add_argument(
        "--dataset", type=Path, required=True, help="dataset directory with the posts"
    )
    compare.add_argument(
        "--split",
        choices=("train", "dev", "test"),
        default="test",
        help="split of the dataset (default: %(default)s)",
    )
    compare.add_argument(
        "--posts",
        type=positive_int,
        default=500,
        help="maximum number of posts; each gets one reply per emotion (default: %(default)s)",
    )
    _add_files_flag(compare, "files to compare; ids: with dynamic and with fixed shapes")
    compare.set_defaults(run=_compare)
    return result


def _add_files_flag(parser: argparse.ArgumentParser, help: str) -> None:
    names = [Path(name).stem for name in FILES]
    parser.add_argument(
        "--files", nargs="+", action="extend", choices=names, help=f"{help} (default: all)"
    )


def main(argv: Sequence[str] | None = None, prog: str = PROG) -> None:
    """Runs the command; see `--help`."""
    arguments = parser(prog).parse_args(argv)
    arguments.run(arguments)


if __name__ == "__main__":
    command.run(main)
