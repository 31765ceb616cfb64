"""Text processing as graph operations: text to token ids and back."""

from collections.abc import Sequence

import tensorflow as tf

from ecm_tf.text import vocabulary
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.emotions import AUTO, AUTO_ID
from ecm_tf.text.normalization import normalize
from ecm_tf.text.tokenizers import make_tokenizer

_OUTER_SPACE = r"^[\s\x0b\x1c-\x1f\x{85}\pZ]+|[\s\x0b\x1c-\x1f\x{85}\pZ]+$"
"""Regular expression of the characters that Python's `str.strip` removes from a text's ends."""

_UNKNOWN = AUTO_ID - 1
"""Id of a text that names no emotion."""


class TextProcessor(tf.Module):
    """Converts texts to token ids, token ids to texts, and emotion names to ids.

    Args:
        assets: the vocabularies, emotions and tokenizer.
    """

    def __init__(self, assets: TextAssets) -> None:
        super().__init__()
        self.assets = assets
        self.tokenizer = make_tokenizer(assets.segmenter, assets.tokenizer_model)
        self._post_ids = _id_table(assets.post_words)
        self._response_ids = _id_table(assets.response_words)
        by_text = assets.emotions.ids_by_text
        self._emotion_ids = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                tf.constant(list(by_text)), tf.constant(list(by_text.values()), tf.int32)
            ),
            default_value=_UNKNOWN,
        )

    def normalize(self, texts: tf.Tensor) -> tf.Tensor:
        """Returns texts as the tokenizer takes them: string, any shape → string, same shape."""
        return normalize(
            texts, digits=self.assets.normalize_digits, characters=self.assets.normalization
        )

    def tokenize(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Returns the tokens of texts: string `(batch,)`, any bytes → string `(batch, None)`."""
        return self.tokenizer.tokenize(self.normalize(texts))

    def post_ids(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Returns ids in the post vocabulary: string `(batch,)` → int32 `(batch, None)`."""
        return tf.ragged.map_flat_values(self._post_ids.lookup, self.tokenize(texts))

    def post_matrix(self, texts: tf.Tensor, shortest: int, longest: int) -> tf.Tensor:
        """Returns the ids of posts as a matrix, cut and padded with `PAD`.

        Args:
            texts: string `(batch,)`, any bytes.
            shortest, longest: bounds of the width, which is the length of the longest post in
                tokens otherwise.

        Returns:
            int32 `(batch, width)`.
        """
        ids = self.post_ids(texts)[:, :longest]
        width = tf.maximum(tf.cast(ids.bounding_shape(axis=1), tf.int32), shortest)
        return ids.to_tensor(shape=tf.stack([-1, width]))

    def response_ids(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Returns ids in the response vocabulary: string `(batch,)` → int32 `(batch, None)`."""
        return tf.ragged.map_flat_values(self._response_ids.lookup, self.tokenize(texts))

    def response_tokens(self, ids: tf.RaggedTensor) -> tf.RaggedTensor:
        """Returns the words of ids: int32 `(batch, None)` → string `(batch, None)`."""
        return tf.gather(tf.constant(list(self.assets.response_words)), ids)

    def response_text(self, ids: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """Returns the texts of generated replies.

        Args:
            ids: int32 `(batch, length)`.
            lengths: int32 `(batch,)`, number of words of each reply, without `EOS`.

        Returns:
            string `(batch,)`.
        """
        ragged = tf.RaggedTensor.from_tensor(ids, lengths)
        return self.tokenizer.detokenize(self.response_tokens(ragged))

    def emotion_ids(self, texts: tf.Tensor, *, auto: bool = False) -> tf.Tensor:
        """Returns the ids of emotion categories.

        Args:
            texts: string, any shape: English or Chinese names, aliases, or ids as text.
            auto: whether `AUTO` is accepted, too; its id is `AUTO_ID`.

        Returns:
            int32, the same shape.

        Raises:
            InvalidArgumentError: there is no such category; the message lists those that exist.
        """
        names = tf.strings.regex_replace(texts, _OUTER_SPACE, "")
        names = tf.strings.lower(names, encoding="utf-8")
        ids, allowed = self._emotion_ids.lookup(names), self.assets.emotions.allowed
        if auto:
            ids, allowed = tf.where(names == AUTO, AUTO_ID, ids), f"{allowed}, {AUTO}"
        received = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace")
        message = f"unknown emotion; expected one of: {allowed}. Received:"
        with tf.control_dependencies(
            [tf.debugging.Assert(tf.reduce_all(ids != _UNKNOWN), [message, received])]
        ):
            return tf.identity(ids)


def _id_table(words: Sequence[str]) -> tf.lookup.StaticHashTable:
    # Text that spells a special token, such as "_EOS", must not become one.
    first = len(vocabulary.SPECIALS)
    return tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(
            tf.constant(list(words)[first:], tf.string),
            tf.range(first, len(words), dtype=tf.int32),
        ),
        default_value=vocabulary.UNK,
    )
