"""The tokenizer of a corpus, and the token counts from which vocabularies are made.

Words and tokens are counted for each staging file, and the counts are added in the order of the
files. So the words that a counter drops to bound its memory do not depend on the executor.
"""

from collections import Counter
from collections.abc import Callable
from functools import partial

import tensorflow as tf

from data_prep.build import counting, segmentation
from data_prep.corpus.staging import Lines, StagingFiles
from data_prep.corpus.staging_batches import BatchReader
from data_prep.execution.executor import Advance, Executor
from data_prep.execution.progress import progress_bar
from ecm_tf.text.segmenters import Segmenter
from ecm_tf.text.tokenizers import make_tokenizer

Normalize = Callable[[tf.Tensor], tf.Tensor]


def learn_tokenizer(
    staging: StagingFiles, normalize: Normalize, *, size: int, executor: Executor
) -> bytes:
    """Learns a unigram model of the words into which jieba segments the training texts.

    Args:
        staging: the staging files.
        normalize: normalizes texts, string `(batch,)`.
        size: number of words in the model, besides single characters.
        executor: counts the words of the files.

    Returns:
        A serialized SentencePiece model.
    """
    total: Counter[str] = Counter()
    characters: set[str] = set()
    with (
        segmentation.WordCounter(executor.workers) as counter,
        progress_bar("segmenting", staging.pairs["train"]) as bar,
    ):
        make = partial(_WordCounts, normalize, counter, executor.threads)
        for counts, seen in executor.map(make, staging.parts["train"], bar.update):
            characters |= seen
            counting.add_counts(total, counts)
    pieces = segmentation.choose_pieces(total, characters, size)
    return segmentation.unigram_model(pieces, characters)


class _WordCounts:
    """Counts the words of a staging file, as jieba segments its texts."""

    def __init__(
        self, normalize: Normalize, counter: segmentation.WordCounter, threads: int
    ) -> None:
        self._counter = counter
        self._batches = BatchReader(
            lambda row: normalize(tf.concat([row["post"], row["response"]], 0)), threads
        )

    def __call__(self, part: Lines, advance: Advance) -> tuple[Counter[str], set[str]]:
        """Returns the words with their counts, and the characters."""
        return self._counter.count(batch.tolist() for batch in self._batches.read([part], advance))


def count_tokens(
    staging: StagingFiles,
    normalize: Normalize,
    *,
    segmenter: Segmenter,
    model: bytes | None,
    executor: Executor,
) -> dict[str, Counter[str]]:
    """Counts the tokens of the training texts.

    Args:
        staging: the staging files.
        normalize: normalizes texts, string `(batch,)`.
        segmenter: the segmenter of the tokenizer.
        model: its unigram model, if it has one.
        executor: counts the tokens of the files.

    Returns:
        The counts by side, `post` and `response`.
    """
    total: dict[str, Counter[bytes]] = {"post": Counter(), "response": Counter()}
    with progress_bar("counting", staging.pairs["train"]) as bar:
        make = partial(_TokenCounts, normalize, segmenter, model, executor.threads)
        for counts in executor.map(make, staging.parts["train"], bar.update):
            for side, words in counts.items():
                counting.add_counts(total[side], words)
    return {
        side: Counter({word.decode(): count for word, count in words.items()})
        for side, words in total.items()
    }


class _TokenCounts:
    """Counts the tokens of a staging file by side."""

    def __init__(
        self, normalize: Normalize, segmenter: Segmenter, model: bytes | None, threads: int
    ) -> None:
        tokenizer = make_tokenizer(segmenter, model)

        def tokens(row: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
            return {
                side: tokenizer.tokenize(normalize(row[side])).flat_values
                for side in ("post", "response")
            }

        self._batches = BatchReader(tokens, threads)

    def __call__(self, part: Lines, advance: Advance) -> dict[str, Counter[bytes]]:
        """Returns the tokens with their counts, by side."""
        counts: dict[str, Counter[bytes]] = {"post": Counter(), "response": Counter()}
        for batch in self._batches.read([part], advance):
            for side, words in batch.items():
                counting.add_counts(counts[side], words.tolist())
        return counts
