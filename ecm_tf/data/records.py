"""The TFRecord schema of a dataset: writer and parser.

A record is one post-response pair, as a `tf.train.Example`:

| feature | type | content |
|---|---|---|
| `post` | int64 list | token ids in the post vocabulary; of the special tokens only UNK |
| `response` | int64 list | token ids in the response vocabulary; of the special tokens only UNK |
| `emotion` | int64 | emotion id of the response |
| `post_emotion` | int64 | emotion id of the post; absent if unknown |
| `post_text`, `response_text` | bytes | the original texts, in UTF-8 |
"""

from collections.abc import Sequence

import tensorflow as tf

UNKNOWN_EMOTION = -1
"""The `post_emotion` of a post whose emotion is not recorded."""


def serialize_pair(
    *,
    post: Sequence[int],
    response: Sequence[int],
    emotion: int,
    post_emotion: int | None,
    post_text: bytes,
    response_text: bytes,
) -> bytes:
    """Returns a serialized record; the bytes are a deterministic function of the arguments."""
    example = tf.train.Example()
    feature = example.features.feature
    feature["post"].int64_list.value.extend(post)
    feature["response"].int64_list.value.extend(response)
    feature["emotion"].int64_list.value.append(emotion)
    if post_emotion is not None:
        feature["post_emotion"].int64_list.value.append(post_emotion)
    feature["post_text"].bytes_list.value.append(post_text)
    feature["response_text"].bytes_list.value.append(response_text)
    return example.SerializeToString(deterministic=True)


_IDS = {
    "post": tf.io.RaggedFeature(tf.int64, row_splits_dtype=tf.int32),
    "response": tf.io.RaggedFeature(tf.int64, row_splits_dtype=tf.int32),
    "emotion": tf.io.FixedLenFeature([], tf.int64),
    "post_emotion": tf.io.FixedLenFeature([], tf.int64, default_value=UNKNOWN_EMOTION),
}
_TEXTS = {
    "post_text": tf.io.FixedLenFeature([], tf.string),
    "response_text": tf.io.FixedLenFeature([], tf.string),
}


def parse_pair(record: tf.Tensor, *, with_texts: bool = False) -> dict[str, tf.Tensor]:
    """Parses one serialized record in the graph.

    Args:
        record: string, scalar.
        with_texts: whether to include the texts.

    Returns:
        `post` int32 `(post_length,)`, `response` int32 `(response_length,)`, `emotion` and
        `post_emotion` int32 scalars; with texts, `post_text` and `response_text` string scalars.
    """
    return _as_int32(tf.io.parse_single_example(record, _schema(with_texts)))


def parse_pairs(
    records: tf.Tensor, *, with_texts: bool = False
) -> dict[str, tf.Tensor | tf.RaggedTensor]:
    """Parses a batch of records in the graph, faster than one by one.

    Args:
        records: string `(batch,)`.
        with_texts: whether to include the texts.

    Returns:
        `post` and `response` int32 ragged `(batch, None)`, `emotion` and `post_emotion` int32
        `(batch,)`; with texts, `post_text` and `response_text` string `(batch,)`.
    """
    return _as_int32(tf.io.parse_example(records, _schema(with_texts)))


def _schema(with_texts: bool) -> dict[str, tf.io.FixedLenFeature | tf.io.RaggedFeature]:
    return {**_IDS, **(_TEXTS if with_texts else {})}


def _as_int32(features: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Casts ids to int32; protocol buffers only have int64."""
    return {
        name: value if value.dtype == tf.string else tf.cast(value, tf.int32)
        for name, value in features.items()
    }
