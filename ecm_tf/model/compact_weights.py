"""Weights of a model in half or a quarter of their size, as a compressed NumPy archive.

A float32 array is stored in one of three forms:

- exactly, as int8, if all its values are whole numbers in [-128, 127], as in a mask;
- as int8 with one scale for each index of its longest axis, if it is a large matrix;
- as float16 otherwise.
"""

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import keras
import numpy as np

from ecm_tf.core.errors import InputError

CompactDtype = Literal["float16", "int8"]

SMALL = 1024
"""Arrays with fewer values are not worth a scale, and are stored as float16."""
_SCALE = ":scale"
"""Ending of the name of an array's scales."""


def save_compact_weights(path: Path, model: keras.Model, dtype: CompactDtype) -> None:
    """Writes the weights of a model.

    Args:
        path: file to write, ending in `.npz`.
        model: a built model with float32 weights.
        dtype: `"int8"`: large matrices are stored as int8; the error of a value is at most 1/254 of
            the largest absolute value in its slice along the longest axis. `"float16"`: nothing is
            stored with scales; the relative error of a value is at most 2**-11.

    Raises:
        InputError: a weight is not finite in float16.
    """
    arrays: dict[str, np.ndarray] = {}
    for weight in model.weights:
        for ending, array in _compact(np.asarray(weight.value), weight.path, dtype):
            arrays[_name(weight) + ending] = array
    np.savez_compressed(path, allow_pickle=False, **arrays)


def load_compact_weights(path: Path, model: keras.Model) -> None:
    """Sets the weights of a model to those of a file that `save_compact_weights` wrote.

    Args:
        path: the file.
        model: a built model with float32 weights, of the configuration of the saved one.

    Raises:
        ValueError, OSError: the file is damaged, or its weights are those of another model.
    """
    try:
        # `np.load` leaves a file open that is not an archive.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = dict(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, TypeError) as error:
        raise ValueError(f"the archive is damaged: {error}") from error
    names = [_name(weight) for weight in model.weights]
    others = {name.removesuffix(_SCALE) for name in arrays} ^ set(names)
    if others:
        raise ValueError(f"{min(others)} is missing from the file, or unknown to the model.")
    values = []
    for name, weight in zip(names, model.weights, strict=True):
        value = arrays[name].astype(np.float32) * arrays.get(name + _SCALE, np.float32(1))
        if value.shape != tuple(weight.shape):
            raise ValueError(f"{name} has the shape {value.shape}, not {tuple(weight.shape)}.")
        values.append(value)
    model.set_weights(values)


def _name(weight: keras.Variable) -> str:
    """Returns the path of a weight without the name of the model, which Keras counts up."""
    return weight.path.split("/", 1)[1]


def _compact(array: np.ndarray, name: str, dtype: CompactDtype) -> Iterator[tuple[str, np.ndarray]]:
    """Yields the arrays that represent one array, with the endings of their names."""
    whole = np.clip(np.nan_to_num(array), -128, 127).astype(np.int8)
    if np.array_equal(whole, array):
        yield "", whole
        return
    with np.errstate(over="ignore"):
        half = array.astype(np.float16)
    if not np.isfinite(half).all():
        raise InputError(
            f"{name}: expected finite weights within the float16 range, got NaN, infinity or a "
            "larger value."
        )
    if dtype == "float16" or array.ndim < 2 or array.size < SMALL:
        yield "", half
        return
    others = tuple(axis for axis in range(array.ndim) if axis != np.argmax(array.shape))
    scale = np.abs(array).max(axis=others, keepdims=True).astype(np.float32) / 127
    yield "", np.rint(array / np.where(scale > 0, scale, 1)).astype(np.int8)
    yield _SCALE, scale
