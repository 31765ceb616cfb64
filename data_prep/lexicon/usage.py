"""Word counts of a dataset's training responses, and their coverage by emotion words."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from ecm_tf.data.directory import DatasetDirectory

Ints = npt.NDArray[np.int64]


def count_words(dataset: DatasetDirectory) -> Ints:
    """Counts the words in the training responses of each category.

    Returns:
        int64 `(categories, response words)`; special tokens are counted like words.
    """
    shape = len(dataset.assets.emotions), len(dataset.assets.response_words)
    counts = np.zeros(shape[0] * shape[1], np.int64)
    for ids, rows, emotions in _responses(dataset):
        counts += np.bincount(emotions[rows] * shape[1] + ids, minlength=counts.size)
    return counts.reshape(shape)


def coverage(dataset: DatasetDirectory, memory: Sequence[Sequence[str]]) -> tuple[Ints, Ints]:
    """Counts the training responses that contain an emotion word.

    Args:
        dataset: the dataset.
        memory: emotion words of each category, all in the response vocabulary.

    Returns:
        int64 `(categories of responses,)`, the number of responses; and int64
        `(categories of responses, categories of memory)`, the number of them that contain a word
        of a category's memory.
    """
    categories = len(dataset.assets.emotions)
    words = [frozenset(category) for category in memory]
    known = np.array([[w in c for w in dataset.assets.response_words] for c in words])
    responses = np.zeros(categories, np.int64)
    reached = np.zeros([categories, categories], np.int64)
    for ids, rows, emotions in _responses(dataset):
        responses += np.bincount(emotions, minlength=categories)
        for category in range(categories):
            containing = np.unique(rows[known[category, ids]])
            reached[:, category] += np.bincount(emotions[containing], minlength=categories)
    return responses, reached


def _responses(dataset: DatasetDirectory) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Yields int64 word ids, the row of each word's response, and the emotion of each row."""
    for batch in dataset.batches("train"):
        response = batch["response"]
        ids, rows = response.flat_values.numpy(), response.value_rowids().numpy()
        yield ids.astype(np.int64), rows.astype(np.int64), batch["emotion"].numpy().astype(np.int64)
