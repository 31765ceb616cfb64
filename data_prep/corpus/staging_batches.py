"""Batches of the pairs in staging files, to which a graph function is applied."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import tensorflow as tf

from data_prep.corpus.staging import Lines
from data_prep.execution.executor import Advance

PAIRS_PER_BATCH = 4096


class BatchReader:
    """Applies a graph function to batches of pairs.

    Args:
        function: takes `emotion`, `post_emotion`, `post` and `response`, each string `(batch,)`
            with at most `PAIRS_PER_BATCH` pairs.
        threads: number of batches that are computed in parallel.
    """

    def __init__(self, function: Callable[[dict[str, tf.Tensor]], Any], threads: int) -> None:
        # Traced once, and not for every range of lines.
        self._function = tf.function(
            lambda lines: function(_columns(lines)),
            input_signature=[tf.TensorSpec([None], tf.string)],
            autograph=False,
        )
        self._threads = threads

    def read(self, lines: Sequence[Lines], advance: Advance) -> Iterator[Any]:
        """Yields the results of the function as NumPy arrays, in order.

        Args:
            lines: the pairs.
            advance: called with the number of pairs of each batch, after its result is used.
        """
        remaining = sum(part.pairs for part in lines)
        ranges = (
            tf.constant([str(part.path) for part in lines], tf.string),
            tf.constant([part.first for part in lines], tf.int64),
            tf.constant([part.pairs for part in lines], tf.int64),
        )
        dataset = tf.data.Dataset.from_tensor_slices(ranges).flat_map(_read_lines)
        # AUTOTUNE could buffer batches until memory runs out; a fixed parallelism cannot.
        results = dataset.batch(PAIRS_PER_BATCH).map(self._function, self._threads)
        for result in results.prefetch(1).as_numpy_iterator():
            yield result
            advance(min(PAIRS_PER_BATCH, remaining))
            remaining -= min(PAIRS_PER_BATCH, remaining)


@tf.autograph.experimental.do_not_convert
def _read_lines(path: tf.Tensor, first: tf.Tensor, number: tf.Tensor) -> tf.data.Dataset:
    return tf.data.TextLineDataset(path).skip(first).take(number)


def _columns(lines: tf.Tensor) -> dict[str, tf.Tensor]:
    table = tf.strings.split(lines, "\t").to_tensor(shape=[None, 4])
    names = ("emotion", "post_emotion", "post", "response")
    return dict(zip(names, tf.unstack(table, axis=1), strict=True))
