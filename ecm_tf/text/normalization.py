"""Normalization: any bytes to valid, single-spaced UTF-8, in the graph."""

import tensorflow as tf

MAX_CHARACTERS = 1000
"""A text is cut to this many characters before anything else looks at it."""


def normalize(texts: tf.Tensor, *, digits: bool) -> tf.Tensor:
    """Valid UTF-8, at most `MAX_CHARACTERS` long, single spaces, no control characters.

    Args:
        texts: string, any shape, any bytes; invalid UTF-8 becomes U+FFFD.
        digits: whether every digit becomes 0, as in the original program.

    Returns:
        string, the same shape.
    """
    # Every character has at most four bytes: cutting bytes first bounds the work on huge inputs.
    texts = tf.strings.substr(texts, 0, 4 * MAX_CHARACTERS)
    texts = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace")
    texts = tf.strings.substr(texts, 0, MAX_CHARACTERS, unit="UTF8_CHAR")
    texts = tf.strings.regex_replace(texts, r"[\s\pZ\pC]+", " ")
    texts = tf.strings.strip(texts)
    return tf.strings.regex_replace(texts, "[0-9]", "0") if digits else texts
