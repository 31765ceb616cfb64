"""Reader of word2vec text files, such as the original program's `vector.txt`."""

import codecs
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from ecm_tf.core.errors import InputError
from ecm_tf.core.files import open_binary, reading


def read_word_vectors(path: Path, words: Mapping[str, int], size: int) -> dict[int, np.ndarray]:
    """Returns the vectors of known words; the file is streamed.

    Each line is a word and its numbers, separated by spaces. The first line may be a header with
    the number of words and the vector size. The file may be gzipped.

    Args:
        path: the file.
        words: the vocabulary, each word with its id.
        size: numbers per vector.

    Returns:
        float32 `(size,)` by id, for the words that are in the file. If a word is repeated, the
        first vector counts.

    Raises:
        InputError: the file cannot be read, or a line does not have exactly `size` finite numbers.
    """
    vectors: dict[int, np.ndarray] = {}
    for number, line in _lines(path):
        word, *values = line.rsplit(" ", size)
        if number == 1 and line.count(" ") == 1 and all(p.isdecimal() for p in line.split(" ")):
            if int(values[0]) != size:
                raise InputError(
                    f"{path}, line 1: expected vectors of {size} numbers (--embedding_size), "
                    f"got {values[0]}."
                )
            continue
        try:
            vector = np.array(values, np.float32)
        except ValueError as error:
            raise InputError(f"{path}, line {number}: expected numbers; {error}.") from error
        if len(vector) != size or not np.isfinite(vector).all():
            raise InputError(
                f"{path}, line {number}: expected a word and {size} finite numbers "
                f"(--embedding_size), got {line.count(' ')} numbers."
            )
        if word in words:
            vectors.setdefault(words[word], vector)
    return vectors


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yields the lines that are not blank, with their numbers from 1."""
    with reading(path, "word vectors"), open_binary(path) as file:
        for number, line in enumerate(file, start=1):
            line = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
            # A word with invalid bytes is in no vocabulary, so replacing the bytes is harmless.
            text = line.decode("utf-8", errors="replace").strip(" \r\n")
            if text:
                yield number, text
