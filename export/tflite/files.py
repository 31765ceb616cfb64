"""Layout of a directory of TensorFlow Lite files."""

from pathlib import Path

from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import read_manifest, verify_files

KIND = "tflite"
IDS, TEXT = "ids.tflite", "text.tflite"
ASSETS = "assets"

SCHEMES = {
    "none": "float32 weights",
    "float16": "float16 weights, half the size",
    "dynamic": "int8 weights, a quarter of the size; activations are quantised at run time",
}
"""Quantisation schemes, with a description of each for `--help`."""


def locate(path: Path) -> Path:
    """Returns the path of a TensorFlow Lite file; a directory stands for its `text.tflite`.

    Args:
        path: directory written by `convert`, or one of its two files.

    Raises:
        InputError: the file is not in a finished directory of `export.tflite`, or a file of the
            directory has changed since.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file or directory.")
    file = path / TEXT if path.is_dir() else path
    if file.name not in (IDS, TEXT):
        raise InputError(f"{path}: expected a directory of export.tflite, or its {IDS} or {TEXT}.")
    verify_files(file.parent, read_manifest(file.parent, KIND))
    return file
