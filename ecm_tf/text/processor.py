"""Text assets as graph operations: text to ids and back."""

from collections.abc import Sequence

import tensorflow as tf

from ecm_tf.text import vocabulary
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.normalization import normalize
from ecm_tf.text.tokenizers import Tokenizer, UnigramTokenizer, WhitespaceTokenizer


class TextProcessor(tf.Module):
    """`TextAssets` as graph operations.

    Args:
        assets: vocabularies, emotions and tokenizer.
    """

    def __init__(self, assets: TextAssets) -> None:
        super().__init__()
        self.assets = assets
        self.tokenizer: Tokenizer = (
            WhitespaceTokenizer()
            if assets.tokenizer_model is None
            else UnigramTokenizer(assets.tokenizer_model)
        )
        self._post_ids = _id_table(assets.post_words)
        self._response_ids = _id_table(assets.response_words)
        by_text = assets.emotions.ids_by_text
        self._emotion_ids = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                tf.constant(list(by_text)), tf.constant(list(by_text.values()), tf.int32)
            ),
            default_value=-1,
        )

    def tokenize(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """String `(batch,)`, any bytes → string tokens `(batch, None)`."""
        return self.tokenizer.tokenize(normalize(texts, digits=self.assets.normalize_digits))

    def post_ids(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """String `(batch,)` → int32 ids in the post vocabulary `(batch, None)`."""
        return tf.ragged.map_flat_values(self._post_ids.lookup, self.tokenize(texts))

    def post_matrix(self, texts: tf.Tensor, shortest: int, longest: int) -> tf.Tensor:
        """String `(batch,)` → int32 ids `(batch, width)`, cut and padded with PAD.

        Args:
            texts: any bytes.
            shortest, longest: bounds of the width, which is otherwise the longest text's.
        """
        ids = self.post_ids(texts)[:, :longest]
        width = tf.maximum(tf.cast(ids.bounding_shape(axis=1), tf.int32), shortest)
        return ids.to_tensor(shape=tf.stack([-1, width]))

    def response_ids(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """String `(batch,)` → int32 ids in the response vocabulary `(batch, None)`."""
        return tf.ragged.map_flat_values(self._response_ids.lookup, self.tokenize(texts))

    def response_tokens(self, ids: tf.RaggedTensor) -> tf.RaggedTensor:
        """Int32 ids `(batch, None)` → string words `(batch, None)`."""
        return tf.gather(tf.constant(list(self.assets.response_words)), ids)

    def response_text(self, ids: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """Joins decoded words.

        Args:
            ids: int32 `(batch, length)`.
            lengths: int32 `(batch,)`, how many ids of each row are words of the reply.

        Returns:
            string `(batch,)`.
        """
        ragged = tf.RaggedTensor.from_tensor(ids, lengths)
        return self.tokenizer.detokenize(self.response_tokens(ragged))

    def emotion_ids(self, texts: tf.Tensor) -> tf.Tensor:
        """Names (English, Chinese, aliases) or ids as text → int32 category ids, same shape.

        Raises:
            InvalidArgumentError: a text means no category; the message lists those that exist.
        """
        ids = self._emotion_ids.lookup(tf.strings.lower(tf.strings.strip(texts), encoding="utf-8"))
        received = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace")
        message = f"unknown emotion; expected one of: {self.assets.emotions.allowed}. Received:"
        with tf.control_dependencies(
            [tf.debugging.Assert(tf.reduce_all(ids >= 0), [message, received])]
        ):
            return tf.identity(ids)


def _id_table(words: Sequence[str]) -> tf.lookup.StaticHashTable:
    # A text that spells a special, such as "_EOS", must not become one.
    first = len(vocabulary.SPECIALS)
    return tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(
            tf.constant(list(words)[first:], tf.string),
            tf.range(first, len(words), dtype=tf.int32),
        ),
        default_value=vocabulary.UNK,
    )
