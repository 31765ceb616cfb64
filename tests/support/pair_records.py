"""Records of pairs that a test makes up."""

import tensorflow as tf

from ecm_tf.data.records import serialize_pair


def write(directory, pairs, split="train", files=2):
    """Writes (post, response, emotion) triples as records, in order."""
    directory.mkdir(exist_ok=True)
    cut = -(-len(pairs) // files)
    for number in range(files):
        path = directory / f"{split}-{number:05d}-of-{files:05d}.tfrecord"
        with tf.io.TFRecordWriter(str(path)) as writer:
            for post, response, emotion in pairs[number * cut : (number + 1) * cut]:
                writer.write(
                    serialize_pair(
                        post=post,
                        response=response,
                        emotion=emotion,
                        post_emotion=None,
                        post_text=b"",
                        response_text=b"",
                    )
                )
    return directory
