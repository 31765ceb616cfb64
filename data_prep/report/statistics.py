"""Statistics of a split, computed in one pass.

Per pair, only the category and a hash of each text are kept in memory.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from data_prep.build.record_writer import SIDES
from data_prep.execution.progress import progress_bar
from data_prep.lexicon.usage import count_cells, memory_hits, word_counts
from ecm_tf.data.batches import record_files
from ecm_tf.data.directory import PAIRS_PER_BATCH, DatasetDirectory
from ecm_tf.data.records import UNKNOWN_EMOTION, parse_pair
from ecm_tf.text.characters import MAX_CHARACTERS


@dataclass(frozen=True)
class SplitStatistics:
    """Statistics of a split with C categories and V response words.

    Attributes:
        emotions: int16 `(pairs,)`, the category of each response.
        hashes: for `post` and `response` int64 `(pairs,)`, hashes of the texts without spaces.
        lengths: for `post` and `response` int64 `(maximum length + 1,)`, the number of texts of
            each length in tokens.
        interaction: int64 `(C, C)`, the number of pairs with each post emotion (row) and response
            emotion (column); pairs without a post emotion are not counted.
        words: int64 `(C, V)`, the occurrences of each word in the responses of each category;
            0 for special tokens.
        memory_hits: int64 `(C, C)`, the number of responses that contain a word of a category's
            external memory (row), by category of the response (column).
    """

    emotions: np.ndarray
    hashes: dict[str, np.ndarray]
    lengths: dict[str, np.ndarray]
    interaction: np.ndarray
    words: np.ndarray
    memory_hits: np.ndarray

    @property
    def pairs(self) -> int:
        """Number of pairs."""
        return len(self.emotions)

    @property
    def emotion_pairs(self) -> np.ndarray:
        """Int64 `(C,)`, the number of pairs of each category."""
        return np.bincount(self.emotions, minlength=len(self.words))

    @property
    def emotion_shares(self) -> np.ndarray:
        """Float64 `(C,)`, the fraction of each category in a split that is not empty."""
        return self.emotion_pairs / self.pairs


def read_split(dataset: DatasetDirectory, split: str) -> SplitStatistics:
    """Computes the statistics of a split."""
    categories = len(dataset.assets.emotions)
    vocabulary = len(dataset.assets.response_words)
    memory = np.array(dataset.assets.external_memory_mask, bool)
    emotions = [np.empty(0, np.int16)]
    hashes = {side: [np.empty(0, np.int64)] for side in SIDES}
    lengths = {side: np.zeros(MAX_CHARACTERS + 1, np.int64) for side in SIDES}
    interaction = np.zeros([categories, categories], np.int64)
    words = np.zeros([categories, vocabulary], np.int64)
    hits = np.zeros([categories, categories], np.int64)
    with progress_bar(f"reading {split}", dataset.manifest["counts"]["pairs"][split]) as bar:
        for batch in dataset.batches(split, with_texts=True):
            emotion, post_emotion = batch["emotion"].numpy(), batch["post_emotion"].numpy()
            emotions.append(emotion.astype(np.int16))
            for side in SIDES:
                hashes[side].append(_hashes(batch[f"{side}_text"]))
                lengths[side] += np.bincount(
                    batch[side].row_lengths().numpy(), minlength=MAX_CHARACTERS + 1
                )
            labelled = post_emotion != UNKNOWN_EMOTION
            interaction += count_cells(post_emotion[labelled], emotion[labelled], interaction.shape)
            words += word_counts(batch, words.shape)
            hits += memory_hits(batch, memory)
            bar.update(len(emotion))
    return SplitStatistics(
        emotions=np.concatenate(emotions),
        hashes={side: np.concatenate(parts) for side, parts in hashes.items()},
        lengths=lengths,
        interaction=interaction,
        words=words,
        memory_hits=hits,
    )


@dataclass(frozen=True)
class TextPair:
    """A pair with its texts; `post_emotion` is `None` if the post has no label."""

    post: str
    response: str
    emotion: int
    post_emotion: int | None


def texts_at(
    dataset: DatasetDirectory, split: str, positions: Collection[int]
) -> dict[int, TextPair]:
    """Returns the pairs at some positions of a split, from 0."""
    requested = np.array(sorted(positions), np.int64)
    pairs: dict[int, TextPair] = {}
    records = tf.data.TFRecordDataset(record_files(dataset.directory, split)).batch(PAIRS_PER_BATCH)
    for number, batch in enumerate(records):
        in_batch = requested[requested // PAIRS_PER_BATCH == number]
        for position, record in zip(
            in_batch.tolist(), batch.numpy()[in_batch % PAIRS_PER_BATCH], strict=True
        ):
            pair = {name: x.numpy() for name, x in parse_pair(record, with_texts=True).items()}
            post_emotion = int(pair["post_emotion"])
            pairs[position] = TextPair(
                post=pair["post_text"].decode(),
                response=pair["response_text"].decode(),
                emotion=int(pair["emotion"]),
                post_emotion=None if post_emotion == UNKNOWN_EMOTION else post_emotion,
            )
    return pairs


def length_quantile(lengths: np.ndarray, share: float) -> int:
    """Returns the quantile of the lengths: the least length that covers a `share` of the texts."""
    cumulative = np.cumsum(lengths)
    return int(np.searchsorted(cumulative, share * cumulative[-1]))


def length_mean(lengths: np.ndarray) -> float:
    """Returns the mean length of at least one text."""
    return float(lengths @ np.arange(len(lengths)) / lengths.sum())


def _hashes(texts: tf.Tensor) -> np.ndarray:
    """Returns int64 `(batch,)` hashes of texts without spaces, which `split_of` ignores too."""
    return tf.strings.to_hash_bucket_fast(
        tf.strings.regex_replace(texts, " ", ""), 2**63 - 1
    ).numpy()
