"""Word counts of responses, by category, and the responses that contain an emotion word.

Special tokens are not words and never count.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ecm_tf.data.directory import DatasetDirectory
from ecm_tf.text.vocabulary import SPECIALS

Ints = npt.NDArray[np.int64]
Batch = Mapping[str, tf.Tensor | tf.RaggedTensor]
"""A batch of `DatasetDirectory.batches`."""


def word_counts(batch: Batch, shape: tuple[int, ...]) -> Ints:
    """Counts the words in the responses of each category.

    Args:
        batch: the batch.
        shape: number of categories and of response words.

    Returns:
        int64 `(categories, response words)`, 0 for special tokens.
    """
    ids, rows = _words(batch)
    return count_cells(batch["emotion"].numpy()[rows], ids, shape)


def memory_hits(batch: Batch, memory: npt.NDArray[np.bool_]) -> Ints:
    """Counts the responses that contain an emotion word.

    Args:
        batch: the batch.
        memory: whether each response word is an emotion word, `(categories, response words)`.

    Returns:
        int64 `(categories of memory, categories of responses)`, the number of responses that
        contain a word of a category's memory.
    """
    ids, rows = _words(batch)
    emotions = batch["emotion"].numpy()
    containing = [np.unique(rows[in_memory[ids]]) for in_memory in memory]
    return np.stack([np.bincount(emotions[hit], minlength=len(memory)) for hit in containing])


def count_words(dataset: DatasetDirectory) -> Ints:
    """Returns the `word_counts` of all training responses."""
    shape = len(dataset.assets.emotions), len(dataset.assets.response_words)
    counts = np.zeros(shape, np.int64)
    for batch in dataset.batches("train"):
        counts += word_counts(batch, shape)
    return counts


def coverage(dataset: DatasetDirectory, memory: Sequence[Sequence[str]]) -> tuple[Ints, Ints]:
    """Counts the training responses, and those that contain an emotion word.

    Args:
        dataset: the dataset.
        memory: emotion words of each category, all in the response vocabulary.

    Returns:
        int64 `(categories,)`, the number of responses of each category; and their `memory_hits`.
    """
    categories = len(dataset.assets.emotions)
    words = [frozenset(category) for category in memory]
    known = np.array([[w in c for w in dataset.assets.response_words] for c in words])
    responses = np.zeros(categories, np.int64)
    reached = np.zeros([categories, categories], np.int64)
    for batch in dataset.batches("train"):
        responses += np.bincount(batch["emotion"].numpy(), minlength=categories)
        reached += memory_hits(batch, known)
    return responses, reached


def count_cells(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, ...]) -> Ints:
    """Returns an int64 matrix with the number of occurrences of each (row, column)."""
    cells = np.bincount(rows.astype(np.int64) * shape[1] + columns, minlength=shape[0] * shape[1])
    return cells.reshape(shape)


def _words(batch: Batch) -> tuple[np.ndarray, np.ndarray]:
    """Returns the id of each word of the responses, and the row of its response."""
    ids, rows = batch["response"].values.numpy(), batch["response"].value_rowids().numpy()
    is_word = ids >= len(SPECIALS)
    return ids[is_word], rows[is_word]
