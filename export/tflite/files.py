"""A directory of TensorFlow Lite files, and what its manifest says of it."""

from pathlib import Path

from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import read_manifest, verify_files

KIND = "tflite"
IDS, TEXT = "ids.tflite", "text.tflite"
ASSETS = "assets"

SCHEMES = {
    "none": "float32 weights",
    "float16": "float16 weights, half the size",
    "dynamic": "int8 weights, a quarter of the size; what they are multiplied with is rounded too",
}
"""How weights are stored, and what comes of it."""


def locate(path: Path) -> Path:
    """The file that is meant by itself or by its directory, which stands for the text file.

    Raises:
        InputError: it is not, or not in, a finished directory of TensorFlow Lite files, or it was
            changed.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file or directory.")
    file = path / TEXT if path.is_dir() else path
    if file.name not in (IDS, TEXT):
        raise InputError(f"{path}: expected a directory of export.tflite, or its {IDS} or {TEXT}.")
    verify_files(file.parent, read_manifest(file.parent, KIND))
    return file
