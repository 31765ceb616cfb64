"""Records to batches: cut, bucketed by length, shuffled, balanced over emotions if wanted."""

from pathlib import Path

import tensorflow as tf

from ecm_tf.config import ModelConfig
from ecm_tf.core.errors import InputError
from ecm_tf.data.records import parse_pair
from ecm_tf.text.vocabulary import EOS

SHUFFLE_BUFFER = 100_000
"""Records that wait in memory to be drawn from: a corpus up to this size is shuffled perfectly."""


def record_files(dataset: Path, split: str) -> list[str]:
    """The TFRecord files of a split, in order.

    Raises:
        InputError: the dataset has none.
    """
    files = sorted(str(path) for path in dataset.glob(f"{split}-*.tfrecord"))
    if not files:
        raise InputError(f"{dataset}: expected records of the split {split!r}, found none.")
    return files


def steps_per_epoch(pairs: int, batch_size: int, config: ModelConfig) -> int:
    """Batches of an epoch: room for every pair, however the last batch of each bucket falls."""
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
) -> tf.data.Dataset:
    """The batches of one epoch.

    An epoch is one pass: every pair once, the last batch of a bucket being smaller. What room
    `steps_per_epoch` leaves after that is filled from a second pass. The same arguments (and the
    same global seed of TensorFlow) always give the same batches.

    Args:
        dataset: a dataset directory.
        config: the model that the batches are for.
        pairs: how many pairs the training split has.
        batch_size: the most pairs of a batch.
        seed, epoch: what the order depends on.
        emotions: categories to draw equally often, however rare: a pass is then `pairs` draws. None
            takes the pairs as they come.
        single_emotion: whether `emotions` are drawn a batch at a time, instead of a pair at a time.

    Returns:
        Batches as `ECM.call` takes them.
    """
    order = seed * 1_000_003 + epoch
    records = tf.data.TFRecordDataset(record_files(dataset, "train"))
    records = records.shuffle(min(pairs, SHUFFLE_BUFFER), seed=order)
    examples = _examples(records, config)
    if emotions is None:
        batches = _bucketed(examples, config, batch_size).repeat()
    elif single_emotion:
        of_emotion = (_bucketed(_only(examples, e), config, batch_size) for e in emotions)
        batches = _draw([stream.repeat() for stream in of_emotion], order)
    else:
        drawn = _draw([_only(examples, emotion).repeat() for emotion in emotions], order)
        batches = _bucketed(drawn.take(pairs), config, batch_size).repeat()
    return batches.take(steps_per_epoch(pairs, batch_size, config)).prefetch(tf.data.AUTOTUNE)


def evaluation_batches(
    dataset: Path, split: str, config: ModelConfig, batch_size: int
) -> tf.data.Dataset:
    """Every pair of a split once, in batches of similar length.

    Args:
        dataset: a dataset directory.
        split: `"train"`, `"dev"` or `"test"`.
        config: the model that the batches are for.
        batch_size: the most pairs of a batch.

    Returns:
        Batches as `ECM.call` takes them.
    """
    records = tf.data.TFRecordDataset(record_files(dataset, split))
    return _bucketed(_examples(records, config), config, batch_size).prefetch(tf.data.AUTOTUNE)


def _examples(records: tf.data.Dataset, config: ModelConfig) -> tf.data.Dataset:
    """Pairs cut to what the model sees, with the end of the response and the bucket's number."""
    post_lengths = tf.constant([post for post, _ in config.buckets])
    response_lengths = tf.constant([response for _, response in config.buckets])

    def example(record):
        pair = parse_pair(record)
        post = pair["post"][: config.max_post_length]
        # The last position stays free, as in the original program. A response that does not fit is
        # cut and loses its end, so that nobody learns to stop in the middle of a sentence.
        response = tf.concat([pair["response"], [EOS]], 0)[: config.max_response_length - 1]
        bucket = tf.maximum(
            tf.searchsorted(post_lengths[:-1], [tf.size(post)], side="right")[0],
            tf.searchsorted(response_lengths[:-1], [tf.size(response)], side="right")[0],
        )
        if not config.mask_padding:
            post = _pad(post, tf.gather(post_lengths, bucket))
            response = _pad(response, tf.gather(response_lengths, bucket))
        inputs = {"post": post, "response": response, "emotion": pair["emotion"]}
        return inputs, tf.cast(bucket, tf.int64)

    return records.map(example, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


def _pad(ids, length):
    return tf.pad(ids, [[0, length - tf.size(ids)]])


def _draw(streams: list[tf.data.Dataset], seed: int) -> tf.data.Dataset:
    return tf.data.Dataset.sample_from_datasets(streams, seed=seed)


def _only(examples: tf.data.Dataset, emotion: int) -> tf.data.Dataset:
    return examples.filter(lambda inputs, bucket: inputs["emotion"] == emotion)


def _bucketed(examples: tf.data.Dataset, config: ModelConfig, batch_size: int) -> tf.data.Dataset:
    shapes = {"post": [None], "response": [None], "emotion": []}
    return examples.group_by_window(
        key_func=lambda inputs, bucket: bucket,
        reduce_func=lambda bucket, window: window.map(lambda inputs, bucket: inputs).padded_batch(
            batch_size, shapes
        ),
        window_size=batch_size,
    )
