"""Text normalization as graph operations: any bytes to valid, single-spaced UTF-8."""

from collections.abc import Sequence

import tensorflow as tf
import tensorflow_text as tf_text

from ecm_tf.text.characters import (
    FLAG,
    FULL_WIDTH,
    JOINED_EMOJI,
    MAX_CHARACTERS,
    WIDTH_OFFSET,
    Normalization,
)
from ecm_tf.text.segmenters import Segmenter


def text_tensor(texts: Sequence[str]) -> tf.Tensor:
    """Returns texts as a tensor: string `(len(texts),)`.

    Half a surrogate pair, which Python's strings may contain and UTF-8 may not, becomes "?".
    """
    return tf.constant([text.encode("utf-8", "replace") for text in texts], tf.string)


def normalize_words(
    words: Sequence[str],
    *,
    digits: bool,
    characters: Normalization | None,
    segmenter: Segmenter,
) -> list[str]:
    """Returns words as a vocabulary has them: normalized, and English ones in lower case.

    Args:
        words: words, such as emotion words.
        digits, characters: as for `normalize`.
        segmenter: the segmenter of the vocabulary.
    """
    texts = normalize(tf.constant(words, tf.string), digits=digits, characters=characters)
    if segmenter == "english":
        texts = tf.strings.lower(texts, encoding="utf-8")
    return [text.decode() for text in texts.numpy().tolist()]


def normalize(
    texts: tf.Tensor, *, digits: bool, characters: Normalization | None = None
) -> tf.Tensor:
    """Returns valid UTF-8 of at most `MAX_CHARACTERS`, single-spaced, without control characters.

    Args:
        texts: string, any shape, any bytes; invalid UTF-8 becomes U+FFFD.
        digits: whether to replace every digit by 0, as the original program does.
        characters: how to normalize characters; `None` for datasets and models that do not record
            it: characters are kept, and format characters become spaces.

    Returns:
        string, the same shape.
    """
    # A character has at most four bytes: cutting the bytes first bounds the work on huge inputs.
    texts = tf.strings.substr(texts, 0, 4 * MAX_CHARACTERS)
    texts = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace")
    texts = tf.strings.substr(texts, 0, MAX_CHARACTERS, unit="UTF8_CHAR")
    if characters is not None:
        texts = tf.strings.regex_replace(texts, FORMATS, r"\1")
    if characters == "width":
        texts = _narrow(texts)
    elif characters == "nfkc":
        # One character may become up to 18.
        texts = tf_text.normalize_utf8(texts, "NFKC")
        texts = tf.strings.substr(texts, 0, MAX_CHARACTERS, unit="UTF8_CHAR")
    texts = tf.strings.regex_replace(texts, SPACES[characters is not None], " ")
    texts = tf.strings.strip(texts)
    return tf.strings.regex_replace(texts, "[0-9]", "0") if digits else texts


FORMATS = rf"({FLAG}|{JOINED_EMOJI})|\p{{Cf}}"
"""Regular expression of format characters, and in group 1 of the emoji that keep theirs."""
SPACES = {False: r"[\s\p{Z}\p{Cc}\p{Cf}\p{Co}]+", True: r"[\s\p{Z}\p{Cc}\p{Co}]+"}
"""Regular expression of what becomes one space, by whether `FORMATS` were removed before."""


def _narrow(texts: tf.Tensor) -> tf.Tensor:
    """Replaces full-width letters and digits of valid UTF-8 by ASCII."""
    codes = tf.strings.unicode_decode(tf.reshape(texts, [-1]), "UTF-8")
    flat = codes.flat_values
    is_full_width = tf.reduce_any(
        [(flat >= first) & (flat <= last) for first, last in FULL_WIDTH], axis=0
    )
    codes = codes.with_flat_values(tf.where(is_full_width, flat - WIDTH_OFFSET, flat))
    return tf.reshape(tf.strings.unicode_encode(codes, "UTF-8"), tf.shape(texts))
