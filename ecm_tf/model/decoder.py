"""The decoder: one recurrence that training scans and decoding loops."""

from typing import NamedTuple

import keras
import tensorflow as tf

from ecm_tf.layers import AdditiveAttention, EmotionEmbedding, InternalMemoryGRUCell, StackedGRUCell
from ecm_tf.model.recurrence import scan


class Conditions(NamedTuple):
    """What every step of a reply has in common."""

    values: tf.Tensor
    """Float `(batch, post_length, units)`: what attention reads."""
    keys: tf.Tensor
    """Float `(batch, post_length, units)`: what it compares with."""
    mask: tf.Tensor
    """Bool `(batch, post_length)`."""
    share: tf.Tensor
    """Float `(batch, …)`: the constant share of the cell's input projection (bias and emotion)."""
    word_kernel: tf.Tensor
    """Float `(embedding_size, …)`: the word's part of the cell's input kernel."""
    context_kernel: tf.Tensor
    """Float `(units, …)`: the context's part."""


@keras.saving.register_keras_serializable("ecm_tf")
class Decoder(keras.layers.Layer):
    """GRU layers with attention over the post, and the emotion modules that live in the recurrence.

    The cell's input is `[word vector, context, emotion vector]`. Its projection is linear, so each
    part brings its own share: the words' share is one product over the whole reply, the emotion's
    one product per reply, and only the context's remains inside the loop.

    Its state is a list: the cell's states (lowest layer first, then the internal memory, if any),
    and the context that attention read last.

    Args:
        vocabulary_size, embedding_size, units, num_layers: sizes, each at least 1.
        categories: number of emotion categories.
        emotion_size: size of the emotion embedding; None leaves the module out.
        imemory_size: size of the internal memory; None leaves the module out.

    Call arguments:
        words: int32 `(batch, length)`, the words that go in, GO first.
        emotion: int32 `(batch,)`.
        encoded: what `Encoder` returned.
        mask: bool `(batch, length)`, False after a reply's end: there the state stays as it was.

    Returns:
        float `(batch, length, 2 * units)`: top layer's output and context, for `features`; and the
        state after the last step.
    """

    def __init__(
        self,
        vocabulary_size,
        embedding_size,
        units,
        num_layers=1,
        categories=6,
        emotion_size=None,
        imemory_size=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size
        self.embedding_size = embedding_size
        self.units = units
        self.num_layers = num_layers
        self.categories = categories
        self.emotion_size = emotion_size
        self.imemory_size = imemory_size
        dtype = self.dtype_policy
        self.embedding = keras.layers.Embedding(
            vocabulary_size, embedding_size, dtype=dtype, name="embedding"
        )
        self.attention = AdditiveAttention(units, dtype=dtype, name="attention")
        self.features = keras.layers.Dense(units, dtype=dtype, name="features")
        self.emotion_embedding = emotion_size and EmotionEmbedding(
            categories, emotion_size, dtype=dtype, name="emotion_embedding"
        )
        self.internal_memory = imemory_size and EmotionEmbedding(
            categories, imemory_size, dtype=dtype, name="internal_memory"
        )
        self.cell = (
            InternalMemoryGRUCell(units, imemory_size, num_layers, dtype=dtype, name="cell")
            if imemory_size
            else StackedGRUCell(units, num_layers, dtype=dtype, name="cell")
        )

    def build(self, words_shape, emotion_shape=None, encoded_shape=None, mask_shape=None):
        """Creates the weights."""
        self.embedding.build(words_shape)
        self.cell.build((None, self.embedding_size + self.units + (self.emotion_size or 0)))
        self.attention.build((None, self.units * self.num_layers), (None, None, self.units))
        self.features.build((None, 2 * self.units))
        for module in (self.emotion_embedding, self.internal_memory):
            if module:
                module.build((None,))

    def begin(self, emotion, encoded):
        """Prepares a reply.

        Args:
            emotion: int32 `(batch,)`.
            encoded: what `Encoder` returned.

        Returns:
            `Conditions`, and the state before the first step.
        """
        values, mask = encoded["values"], encoded["mask"]
        sizes = [self.embedding_size, self.units, self.emotion_size or 0]
        kernel = tf.cast(self.cell.kernel, self.compute_dtype)
        word_kernel, context_kernel, emotion_kernel = tf.split(kernel, sizes, axis=0)
        share = tf.cast(self.cell.bias, values.dtype)[None, :]
        if self.emotion_embedding:
            share += tf.matmul(self.emotion_embedding(emotion), emotion_kernel)
        keys = self.attention.project_keys(values)
        conditions = Conditions(values, keys, mask, share, word_kernel, context_kernel)
        cell_states = list(encoded["states"])
        if self.internal_memory:
            cell_states.append(self.internal_memory(emotion))
        return conditions, [*cell_states, self.read(cell_states, conditions)[0]]

    def read(self, cell_states, conditions):
        """What attention reads of the post.

        Args:
            cell_states: the state without its last entry, the context.
            conditions: what `begin` gave.

        Returns:
            Context float `(batch, units)` and weights float32 `(batch, post_length)`.
        """
        query = tf.concat(cell_states[: self.num_layers], -1)
        return self.attention(query, conditions.values, conditions.keys, conditions.mask)

    def project(self, words, conditions):
        """The words' share of the cell's input projection.

        Args:
            words: int32 `(…)`.
            conditions: what `begin` gave.

        Returns:
            float `(…, projected)`.
        """
        return tf.matmul(self.embedding(words), conditions.word_kernel)

    def recur(self, projected, state, conditions):
        """One step.

        Args:
            projected: float `(batch, …)`, what `project` gave for the words that go in.
            state: the state before the step.
            conditions: what `begin` gave.

        Returns:
            float `(batch, 2 * units)` for `features`, and the new state.
        """
        *cell_states, context = state
        share = projected + tf.matmul(context, conditions.context_kernel) + conditions.share
        output, cell_states = self.cell.recur(share, cell_states)
        context, _ = self.read(cell_states, conditions)
        return tf.concat([output, context], -1), [*cell_states, context]

    def call(self, words, emotion, encoded, mask):
        """See the class."""
        conditions, state = self.begin(emotion, encoded)
        outputs, state = scan(
            lambda projected, state: self.recur(projected, state, conditions),
            self.project(tf.transpose(words), conditions),
            state,
            tf.transpose(mask),
            2 * self.units,
        )
        return tf.transpose(outputs, [1, 0, 2]), state

    def get_config(self):
        """Constructor arguments."""
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "embedding_size": self.embedding_size,
            "units": self.units,
            "num_layers": self.num_layers,
            "categories": self.categories,
            "emotion_size": self.emotion_size,
            "imemory_size": self.imemory_size,
        }
