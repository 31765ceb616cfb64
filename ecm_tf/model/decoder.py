"""The decoder: one step function, used by the training scan and by the decoding loop."""

from typing import Any, NamedTuple

import keras
import tensorflow as tf

from ecm_tf.layers import AdditiveAttention, EmotionEmbedding, InternalMemoryGRUCell, StackedGRUCell
from ecm_tf.layers.dropout import Dropout
from ecm_tf.model.recurrence import scan


class StepConstants(NamedTuple):
    """What all steps of a reply share, computed once before the first."""

    values: tf.Tensor
    """Float `(batch, post_length, units)`: encoder outputs."""
    keys: tf.Tensor
    """Float `(batch, post_length, units)`: projected keys of the attention."""
    mask: tf.Tensor
    """Bool `(batch, post_length)`: False at masked positions of the post."""
    constant_projection: tf.Tensor
    """Float `(batch or 1, projected)`: bias and emotion in the cell's input projection."""
    word_kernel: tf.Tensor
    """Float `(embedding_size, projected)`: rows of the cell's input kernel for the word."""
    context_kernel: tf.Tensor
    """Float `(units, projected)`: rows for the context."""


@keras.saving.register_keras_serializable("ecm_tf")
class Decoder(keras.layers.Layer):
    """GRU layers with attention over the post, emotion embedding and internal memory.

        s_t = cell([word vector_t, c_{t-1}, emotion vector], s_{t-1})
        c_t = attention(s_t, encoder outputs)

    The cell's input projection is linear, so it is computed in three parts: words in one matmul for
    the whole response, the emotion in one matmul for each response, and only the context inside
    the loop.

    The state is a list: the cell's states (lowest layer first, then the internal memory, if any),
    and the latest context.

    Args:
        vocabulary_size, embedding_size, units, num_layers: sizes, each at least 1.
        categories: number of emotion categories, at least 1.
        emotion_size: size of the emotion embedding; None disables the module.
        imemory_size: size of the internal memory; None disables the module.
        dropout: share of the word vectors, and of the output of each GRU layer but the last, that
            is dropped in training, in [0, 1].

    Call arguments:
        words: int32 `(batch, length)`, input token ids, GO first.
        emotion: int32 `(batch,)`, in `[0, categories)`.
        encoded: the result of `Encoder`.
        mask: bool `(batch, length)`, False after the end of a response, where the state is kept.

    Returns:
        float `(batch, length, 2 * units)`, output of the top layer and context, the input of
        `features`; and the state after the last step.
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_size: int,
        units: int,
        num_layers: int = 1,
        categories: int = 6,
        emotion_size: int | None = None,
        imemory_size: int | None = None,
        dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
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
        self.emotion_embedding: Any = None
        if emotion_size:
            self.emotion_embedding = EmotionEmbedding(
                categories, emotion_size, dtype=dtype, name="emotion_embedding"
            )
        self.internal_memory: Any = None
        if imemory_size:
            self.internal_memory = EmotionEmbedding(
                categories, imemory_size, dtype=dtype, name="internal_memory"
            )
        self.dropout = Dropout(dropout, dtype=dtype, name="dropout")
        self.cell = (
            InternalMemoryGRUCell(
                units, imemory_size, num_layers, dropout, dtype=dtype, name="cell"
            )
            if imemory_size
            else StackedGRUCell(units, num_layers, dropout, dtype=dtype, name="cell")
        )

    def build(
        self,
        words_shape: Any,
        emotion_shape: Any = None,
        encoded_shape: Any = None,
        mask_shape: Any = None,
    ) -> None:
        """Creates the weights."""
        self.embedding.build(words_shape)
        self.cell.build((None, self.embedding_size + self.units + (self.emotion_size or 0)))
        self.attention.build((None, self.units * self.num_layers), (None, None, self.units))
        self.features.build((None, 2 * self.units))
        for module in (self.emotion_embedding, self.internal_memory):
            if module:
                module.build((None,))

    def prepare_steps(
        self, emotion: tf.Tensor, encoded: dict[str, Any]
    ) -> tuple[StepConstants, list[tf.Tensor]]:
        """Computes what all steps share, and the initial state.

        Args:
            emotion: int32 `(batch,)`, in `[0, categories)`.
            encoded: the result of `Encoder`.

        Returns:
            The constants, and the state before the first step.
        """
        values, mask = encoded["values"], encoded["mask"]
        sizes = [self.embedding_size, self.units, self.emotion_size or 0]
        kernel = tf.cast(self.cell.kernel, self.compute_dtype)
        word_kernel, context_kernel, emotion_kernel = tf.split(kernel, sizes, axis=0)
        projection = tf.cast(self.cell.bias, values.dtype)[None, :]
        if self.emotion_embedding:
            projection += tf.matmul(self.emotion_embedding(emotion), emotion_kernel)
        keys = self.attention.project_keys(values)
        constants = StepConstants(values, keys, mask, projection, word_kernel, context_kernel)
        cell_states = list(encoded["states"])
        if self.internal_memory:
            cell_states.append(self.internal_memory(emotion))
        return constants, [*cell_states, self.attend(cell_states, constants)[0]]

    def attend(
        self, cell_states: list[tf.Tensor], constants: StepConstants
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Applies attention over the post, with the states of all layers as the query.

        Args:
            cell_states: the state without its last entry, the context.
            constants: from `prepare_steps`.

        Returns:
            Context float `(batch, units)` and weights float32 `(batch, post_length)`.
        """
        query = tf.concat(cell_states[: self.num_layers], -1)
        return self.attention(query, constants.values, constants.keys, constants.mask)

    def project_words(self, words: tf.Tensor, constants: StepConstants) -> tf.Tensor:
        """Returns the terms of the cell's input projection that depend on the words.

        Args:
            words: int32, token ids of any shape.
            constants: from `prepare_steps`.

        Returns:
            float `(…, projected)`.
        """
        return tf.matmul(self.dropout(self.embedding(words)), constants.word_kernel)

    def step(
        self, projected: tf.Tensor, state: list[tf.Tensor], constants: StepConstants
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Computes one step.

        Args:
            projected: float `(batch, projected)`, the input words after `project_words`.
            state: the state before the step.
            constants: from `prepare_steps`.

        Returns:
            float `(batch, 2 * units)`, the input of `features`, and the new state.
        """
        *cell_states, context = state
        projected = projected + tf.matmul(context, constants.context_kernel)
        projected += constants.constant_projection
        output, cell_states = self.cell.step(projected, cell_states)
        context, _ = self.attend(cell_states, constants)
        return tf.concat([output, context], -1), [*cell_states, context]

    def call(
        self, words: tf.Tensor, emotion: tf.Tensor, encoded: dict[str, Any], mask: tf.Tensor
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Runs all steps with teacher forcing; see the class for shapes."""
        constants, state = self.prepare_steps(emotion, encoded)
        outputs, state = scan(
            lambda projected, state: self.step(projected, state, constants),
            self.project_words(tf.transpose(words), constants),
            state,
            tf.transpose(mask),
            2 * self.units,
        )
        return tf.transpose(outputs, [1, 0, 2]), state

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "embedding_size": self.embedding_size,
            "units": self.units,
            "num_layers": self.num_layers,
            "categories": self.categories,
            "emotion_size": self.emotion_size,
            "imemory_size": self.imemory_size,
            "dropout": self.dropout.rate,
        }
