"""Text normalization as graph operations: any bytes to valid, single-spaced UTF-8."""

import tensorflow as tf

MAX_CHARACTERS = 1000
"""Maximum length of a text; the rest is cut before tokenization."""


def normalize(texts: tf.Tensor, *, digits: bool) -> tf.Tensor:
    """Returns valid UTF-8 of at most `MAX_CHARACTERS`, single-spaced, without control characters.

    Args:
        texts: string, any shape, any bytes; invalid UTF-8 becomes U+FFFD.
        digits: whether to replace every digit by 0, as the original program does.

    Returns:
        string, the same shape.
    """
    # A character has at most four bytes: cutting the bytes first bounds the work on huge inputs.
    texts = tf.strings.substr(texts, 0, 4 * MAX_CHARACTERS)
    texts = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace")
    texts = tf.strings.substr(texts, 0, MAX_CHARACTERS, unit="UTF8_CHAR")
    texts = tf.strings.regex_replace(texts, r"[\s\pZ\pC]+", " ")
    texts = tf.strings.strip(texts)
    return tf.strings.regex_replace(texts, "[0-9]", "0") if digits else texts
