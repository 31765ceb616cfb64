"""The TFRecord schema of a dataset: writer and parser side by side.

A record is one post-response pair, as a `tf.train.Example`:

| feature | type | what |
|---|---|---|
| `post` | int64 list | token ids in the post vocabulary, no specials but UNK |
| `response` | int64 list | token ids in the response vocabulary, no specials but UNK |
| `emotion` | int64 | category of the response |
| `post_emotion` | int64 | category of the post, absent if unknown |
| `post_text`, `response_text` | bytes | the texts, UTF-8, as they came |
"""

from collections.abc import Sequence

import tensorflow as tf

UNKNOWN_EMOTION = -1
"""What `parse_pair` gives for a post whose emotion is not recorded."""


def serialize_pair(
    *,
    post: Sequence[int],
    response: Sequence[int],
    emotion: int,
    post_emotion: int | None,
    post_text: bytes,
    response_text: bytes,
) -> bytes:
    """One record; the same arguments always give the same bytes."""
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
    """Reads one serialized record in the graph.

    Args:
        record: string, scalar.
        with_texts: whether the texts are wanted beside the ids.

    Returns:
        `post` int32 `(post_length,)`, `response` int32 `(response_length,)`, `emotion` and
        `post_emotion` int32 scalars, and the texts as string scalars if wanted.
    """
    return _narrow(tf.io.parse_single_example(record, _schema(with_texts)))


def parse_pairs(
    records: tf.Tensor, *, with_texts: bool = False
) -> dict[str, tf.Tensor | tf.RaggedTensor]:
    """Reads a batch of records in the graph, faster than one by one.

    Args:
        records: string `(batch,)`.
        with_texts: whether the texts are wanted beside the ids.

    Returns:
        `post` and `response` int32 ragged `(batch, None)`, `emotion` and `post_emotion` int32
        `(batch,)`, and the texts as string `(batch,)` if wanted.
    """
    return _narrow(tf.io.parse_example(records, _schema(with_texts)))


def _schema(with_texts: bool) -> dict[str, tf.io.FixedLenFeature | tf.io.RaggedFeature]:
    return {**_IDS, **(_TEXTS if with_texts else {})}


def _narrow(features: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Ids as int32; protocol buffers have int64 alone."""
    return {
        name: value if value.dtype == tf.string else tf.cast(value, tf.int32)
        for name, value in features.items()
    }
