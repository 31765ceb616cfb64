"""Layout of a directory of TensorFlow Lite files."""

import argparse
from pathlib import Path
from typing import NamedTuple

from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import read_manifest, verify_files

KIND = "tflite"
FILES = IDS, TEXT = "ids.tflite", "text.tflite"
ASSETS = "assets"

SCHEMES = {
    "none": "float32 weights",
    "float16": "float16 weights, half the size",
    "dynamic": "int8 weights, about a third of the size; activations are quantised at run time",
}
"""Quantisation schemes, with a description of each for `--help`."""


def add_quantize_flag(parser: argparse.ArgumentParser, default: str) -> None:
    """Adds `--quantize`, a key of `SCHEMES`."""
    parser.add_argument(
        "--quantize",
        choices=SCHEMES,
        default=default,
        help="; ".join(f"{name}: {meaning}" for name, meaning in SCHEMES.items())
        + " (default: %(default)s)",
    )


class PostShape(NamedTuple):
    """The fixed shape of the posts of an `ids.tflite`."""

    batch: int
    """Number of posts, at least 1."""
    length: int
    """Number of token ids of each post, including padding, at least 1."""


def locate(path: Path) -> Path:
    """Returns the path of a TensorFlow Lite file.

    Args:
        path: one of the files in a directory written by `convert`, or this directory, which stands
            for its `text.tflite`, or for its `ids.tflite` if it has no other.

    Raises:
        InputError: the file is not in a finished directory of `export.tflite`, or a file of the
            directory has changed since.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file or directory.")
    directory = path if path.is_dir() else path.parent
    if directory != path and path.name not in FILES:
        raise InputError(f"{path}: expected a directory of export.tflite, or its {IDS} or {TEXT}.")
    manifest = read_manifest(directory, KIND)
    verify_files(directory, manifest)
    if directory != path:
        return path
    return directory / (TEXT if TEXT in manifest["files"] else IDS)
