"""Batches of records: cut, bucketed by length, shuffled, optionally balanced over emotions."""

from pathlib import Path

import tensorflow as tf

from ecm_tf.config import ModelConfig
from ecm_tf.core.errors import InputError
from ecm_tf.data.records import parse_pair
from ecm_tf.text.vocabulary import EOS

SHUFFLE_BUFFER = 100_000
"""Number of records in the shuffle buffer; datasets up to this size are shuffled perfectly."""


def record_files(dataset: Path, split: str) -> list[str]:
    """Returns the paths of a split's TFRecord files, in order.

    Raises:
        InputError: there are no such files.
    """
    files = sorted(str(path) for path in dataset.glob(f"{split}-*.tfrecord"))
    if not files:
        raise InputError(f"{dataset}: expected records of the split {split!r}, found none.")
    return files


def steps_per_epoch(pairs: int, batch_size: int, config: ModelConfig) -> int:
    """Returns the number of batches in an epoch, counting an incomplete one for each bucket."""
    return -(-pairs // batch_size) + len(config.buckets) - 1


def training_batches(
    dataset: Path,
    config: ModelConfig,
    *,
    pairs: int,
    batch_size: int,
    seed: int,
    epoch: int,
    emotions: list[int] | None = None,
    single_emotion: bool = False,
    static_lengths: bool = False,
) -> tf.data.Dataset:
    """Returns the batches of one epoch.

    Without `emotions`, an epoch contains every pair once; the last batch of a bucket may be
    smaller. An epoch has `steps_per_epoch` batches; if one pass gives fewer, batches of a second
    pass follow. The batches are a deterministic function of the arguments and TensorFlow's global
    seed.

    Args:
        dataset: a dataset directory.
        config: the configuration of the model.
        pairs: number of pairs in the training split.
        batch_size: maximum number of pairs per batch.
        seed, epoch: determine the order of the pairs.
        emotions: ids of emotions to draw equally often, however rare they are; an epoch is then
            `pairs` draws. `None` keeps the frequencies of the dataset.
        single_emotion: with `emotions`, whether an emotion is drawn for each batch instead of each
            pair.
        static_lengths: whether all batches of a bucket have the bucket's lengths. Otherwise they
            are as long as their longest post and response, unless the model includes padding.

    Returns:
        Batches for `ECM.call`.
    """
    shuffle_seed = seed * 1_000_003 + epoch
    records = tf.data.TFRecordDataset(record_files(dataset, "train"))
    records = records.shuffle(min(pairs, SHUFFLE_BUFFER), seed=shuffle_seed)
    examples = _examples(_parsed(records), config, static_lengths or not config.mask_padding)
    if emotions is None:
        batches = _bucketed(examples, batch_size).repeat()
    elif single_emotion:
        by_emotion = (_bucketed(_only(examples, e), batch_size) for e in emotions)
        batches = _interleave([stream.repeat() for stream in by_emotion], shuffle_seed)
    else:
        streams = [_only(examples, emotion).repeat() for emotion in emotions]
        drawn = _interleave(streams, shuffle_seed)
        batches = _bucketed(drawn.take(pairs), batch_size).repeat()
    return batches.take(steps_per_epoch(pairs, batch_size, config)).prefetch(tf.data.AUTOTUNE)


def evaluation_batches(
    dataset: Path, split: str, config: ModelConfig, batch_size: int
) -> tf.data.Dataset:
    """Returns every pair of a split once, in batches of similar length.

    Args:
        dataset: a dataset directory.
        split: `"train"`, `"dev"` or `"test"`.
        config: the configuration of the model.
        batch_size: maximum number of pairs per batch.

    Returns:
        Batches for `ECM.call`.
    """
    records = tf.data.TFRecordDataset(record_files(dataset, split))
    return pair_batches(_parsed(records), config, batch_size)


def pair_batches(pairs: tf.data.Dataset, config: ModelConfig, batch_size: int) -> tf.data.Dataset:
    """Returns pairs in batches of similar length, prepared as `evaluation_batches` does it.

    Args:
        pairs: dicts of `post` int32 `(post_length,)` and `response` int32 `(response_length,)`,
            token ids without EOS, `emotion` int32 scalar, and any other scalars.
        config: the configuration of the model.
        batch_size: maximum number of pairs per batch.

    Returns:
        Batches for `ECM.call`, with the other scalars as `(batch,)`.
    """
    examples = _examples(pairs, config, not config.mask_padding)
    return _bucketed(examples, batch_size).prefetch(tf.data.AUTOTUNE)


def _parsed(records: tf.data.Dataset) -> tf.data.Dataset:
    """Returns the ids of posts and responses and the emotions of serialized records."""

    @tf.autograph.experimental.do_not_convert
    def parse(record: tf.Tensor) -> dict[str, tf.Tensor]:
        pair = parse_pair(record)
        return {name: pair[name] for name in ("post", "response", "emotion")}

    return records.map(parse, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


def _examples(pairs: tf.data.Dataset, config: ModelConfig, static_lengths: bool) -> tf.data.Dataset:
    """Returns pairs with `EOS`, cut to the maximum lengths, and the index of each one's bucket.

    With `static_lengths` they are padded to the lengths of their bucket.
    """
    post_lengths = tf.constant([post for post, _ in config.buckets])
    response_lengths = tf.constant([response for _, response in config.buckets])

    @tf.autograph.experimental.do_not_convert
    def example(pair: dict[str, tf.Tensor]) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        post = pair["post"][: config.max_post_length]
        # The last position stays empty, as in the original program. A response that is too long
        # loses its EOS, so that the model does not learn to stop in the middle of a sentence.
        response = tf.concat([pair["response"], [EOS]], 0)[: config.max_response_length - 1]
        bucket = tf.maximum(
            tf.searchsorted(post_lengths[:-1], [tf.size(post)], side="right")[0],
            tf.searchsorted(response_lengths[:-1], [tf.size(response)], side="right")[0],
        )
        if static_lengths:
            post = _pad(post, tf.gather(post_lengths, bucket))
            response = _pad(response, tf.gather(response_lengths, bucket))
        return {**pair, "post": post, "response": response}, tf.cast(bucket, tf.int64)

    return pairs.map(example, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


def _pad(ids: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    return tf.pad(ids, [[0, length - tf.size(ids)]])


def _interleave(streams: list[tf.data.Dataset], seed: int) -> tf.data.Dataset:
    return tf.data.Dataset.sample_from_datasets(streams, seed=seed)


def _only(examples: tf.data.Dataset, emotion: int) -> tf.data.Dataset:
    return examples.filter(lambda inputs, bucket: inputs["emotion"] == emotion)


def _bucketed(examples: tf.data.Dataset, batch_size: int) -> tf.data.Dataset:
    return examples.group_by_window(
        key_func=lambda inputs, bucket: bucket,
        reduce_func=lambda bucket, window: window.map(lambda inputs, bucket: inputs).padded_batch(
            batch_size
        ),
        window_size=batch_size,
    )
