"""String tensors as Python strings."""

import tensorflow as tf


def decode_strings(tensor):
    """Returns the strings of a tensor or ragged tensor, nested alike."""

    def decode(entry):
        return entry.decode() if isinstance(entry, bytes) else [decode(e) for e in entry]

    return decode(tensor.to_list() if isinstance(tensor, tf.RaggedTensor) else tensor.numpy())
