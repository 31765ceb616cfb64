"""What the training responses of a dataset say: how they use words, how many a memory reaches."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ecm_tf.data.directory import DatasetDirectory
from ecm_tf.text.normalization import normalize

Ints = npt.NDArray[np.int64]


def count_words(dataset: DatasetDirectory) -> Ints:
    """How often the training responses of each category have each word.

    Returns:
        int64 `(categories, response words)`; the unknown word counts as one.
    """
    shape = len(dataset.assets.emotions), len(dataset.assets.response_words)
    counts = np.zeros(shape[0] * shape[1], np.int64)
    for ids, rows, emotions in _responses(dataset):
        counts += np.bincount(emotions[rows] * shape[1] + ids, minlength=counts.size)
    return counts.reshape(shape)


def coverage(dataset: DatasetDirectory, memory: Sequence[Sequence[str]]) -> tuple[Ints, Ints]:
    """How many training responses of each category have a word of each category's memory.

    Args:
        dataset: the dataset.
        memory: words of each category, all of the response vocabulary.

    Returns:
        int64 `(categories of responses,)`, how many responses there are, and int64
        `(categories of responses, categories of memory)`, how many of them have a word.
    """
    categories = len(dataset.assets.emotions)
    words = [frozenset(category) for category in memory]
    known = np.array([[w in c for w in dataset.assets.response_words] for c in words])
    responses = np.zeros(categories, np.int64)
    reached = np.zeros([categories, categories], np.int64)
    for ids, rows, emotions in _responses(dataset):
        responses += np.bincount(emotions, minlength=categories)
        for category in range(categories):
            having = np.unique(rows[known[category, ids]])
            reached[:, category] += np.bincount(emotions[having], minlength=categories)
    return responses, reached


def normal_words(words: Sequence[str], dataset: DatasetDirectory) -> list[str]:
    """Words as the dataset's texts would have them: digits become 0 where theirs do."""
    if not words:
        return []
    texts = normalize(tf.constant(words), digits=dataset.assets.normalize_digits)
    return [text.decode() for text in texts.numpy().tolist()]


def _responses(dataset: DatasetDirectory) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Batches of int64 word ids, the response that each is in, and the responses' emotions."""
    for batch in dataset.batches("train"):
        response = batch["response"]
        ids, rows = response.flat_values.numpy(), response.value_rowids().numpy()
        yield ids.astype(np.int64), rows.astype(np.int64), batch["emotion"].numpy().astype(np.int64)
