"""A split of a dataset, streamed and counted.

What stays of a pair is its category and a hash of each text, so that memory does not grow with the
texts.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from data_prep.build.record_writer import SIDES
from data_prep.corpus.staging import progress
from ecm_tf.data.batches import record_files
from ecm_tf.data.directory import PAIRS_PER_BATCH, DatasetDirectory
from ecm_tf.data.records import UNKNOWN_EMOTION, parse_pair
from ecm_tf.text.normalization import MAX_CHARACTERS


@dataclass(frozen=True)
class SplitStatistics:
    """What a split holds; C categories, V response words.

    Attributes:
        emotions: int16 `(pairs,)`, the category of each response.
        hashes: for `post` and `response` int64 `(pairs,)`; texts that differ in spaces alone share
            one.
        lengths: for `post` and `response` int64 `(longest possible + 1,)`: texts of each length in
            tokens.
        interaction: int64 `(C, C)`: pairs of each post emotion and response emotion; pairs whose
            post has none are in no cell.
        words: int64 `(C, V)`: how often the responses of each category use a word.
        memory_hits: int64 `(C, C)`: responses that contain a word of a category's external memory
            (row), by their own category (column).
    """

    emotions: np.ndarray
    hashes: dict[str, np.ndarray]
    lengths: dict[str, np.ndarray]
    interaction: np.ndarray
    words: np.ndarray
    memory_hits: np.ndarray

    @property
    def pairs(self) -> int:
        """How many."""
        return len(self.emotions)

    @property
    def emotion_pairs(self) -> np.ndarray:
        """Int64 `(C,)`, the pairs of each category."""
        return np.bincount(self.emotions, minlength=len(self.words))

    @property
    def emotion_shares(self) -> np.ndarray:
        """`(C,)`, the share of each category in a split that has pairs."""
        return self.emotion_pairs / self.pairs


def read_split(dataset: DatasetDirectory, split: str) -> SplitStatistics:
    """Counts a split in one pass."""
    categories = len(dataset.assets.emotions)
    vocabulary = len(dataset.assets.response_words)
    memory = np.array(dataset.assets.external_memory_mask, bool)
    emotions = [np.empty(0, np.int16)]
    hashes = {side: [np.empty(0, np.int64)] for side in SIDES}
    lengths = {side: np.zeros(MAX_CHARACTERS + 1, np.int64) for side in SIDES}
    interaction = np.zeros([categories, categories], np.int64)
    words = np.zeros([categories, vocabulary], np.int64)
    memory_hits = np.zeros([categories, categories], np.int64)
    with progress(f"reading {split}", dataset.manifest["counts"]["pairs"][split]) as bar:
        for batch in dataset.batches(split, with_texts=True):
            emotion, post_emotion = batch["emotion"].numpy(), batch["post_emotion"].numpy()
            emotions.append(emotion.astype(np.int16))
            for side in SIDES:
                hashes[side].append(_hashes(batch[f"{side}_text"]))
                lengths[side] += np.bincount(
                    batch[side].row_lengths().numpy(), minlength=MAX_CHARACTERS + 1
                )
            known = post_emotion != UNKNOWN_EMOTION
            interaction += _table(post_emotion[known], emotion[known], interaction.shape)
            ids, rows = batch["response"].values.numpy(), batch["response"].value_rowids().numpy()
            words += _table(emotion[rows], ids, words.shape)
            for category, in_memory in enumerate(memory):
                contains = np.zeros(len(emotion), bool)
                contains[rows[in_memory[ids]]] = True
                memory_hits[category] += np.bincount(emotion[contains], minlength=categories)
            bar.update(len(emotion))
    return SplitStatistics(
        emotions=np.concatenate(emotions),
        hashes={side: np.concatenate(parts) for side, parts in hashes.items()},
        lengths=lengths,
        interaction=interaction,
        words=words,
        memory_hits=memory_hits,
    )


@dataclass(frozen=True)
class TextPair:
    """A pair to show; `post_emotion` is `None` where the post has none."""

    post: str
    response: str
    emotion: int
    post_emotion: int | None


def texts_at(dataset: DatasetDirectory, split: str, places: Collection[int]) -> dict[int, TextPair]:
    """The pairs at some places of a split (from 0)."""
    wanted = np.array(sorted(places), np.int64)
    pairs: dict[int, TextPair] = {}
    records = tf.data.TFRecordDataset(record_files(dataset.directory, split)).batch(PAIRS_PER_BATCH)
    for number, batch in enumerate(records):
        places_here = wanted[wanted // PAIRS_PER_BATCH == number]
        for place, record in zip(
            places_here.tolist(), batch.numpy()[places_here % PAIRS_PER_BATCH], strict=True
        ):
            pair = {name: x.numpy() for name, x in parse_pair(record, with_texts=True).items()}
            post_emotion = int(pair["post_emotion"])
            pairs[place] = TextPair(
                post=pair["post_text"].decode(),
                response=pair["response_text"].decode(),
                emotion=int(pair["emotion"]),
                post_emotion=None if post_emotion == UNKNOWN_EMOTION else post_emotion,
            )
    return pairs


def length_quantile(lengths: np.ndarray, share: float) -> int:
    """The least length that at least `share` of the texts, one or more, do not exceed."""
    below = np.cumsum(lengths)
    return int(np.searchsorted(below, share * below[-1]))


def length_mean(lengths: np.ndarray) -> float:
    """The mean length of one or more texts."""
    return float(lengths @ np.arange(len(lengths)) / lengths.sum())


def _hashes(texts: tf.Tensor) -> np.ndarray:
    """String `(batch,)` → int64 `(batch,)`; splits do not look at spaces, nor do these."""
    return tf.strings.to_hash_bucket_fast(
        tf.strings.regex_replace(texts, " ", ""), 2**63 - 1
    ).numpy()


def _table(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """How often each row meets each column."""
    cells = np.bincount(rows.astype(np.int64) * shape[1] + columns, minlength=shape[0] * shape[1])
    return cells.reshape(shape)
