"""The encoder: maps the token ids of a post to a vector for each token and the final states."""

from typing import Any

import keras
import tensorflow as tf

from ecm_tf.layers import GRUCell
from ecm_tf.layers.dropout import Dropout
from ecm_tf.model.recurrence import Scan, scan
from ecm_tf.text.vocabulary import PAD


@keras.saving.register_keras_serializable("ecm_tf")
class Encoder(keras.layers.Layer):
    """A stack of GRU layers that reads the post from its last token to its first.

        h_t = GRU(x_t, h_{t+1})

    The original program reads posts in this order, so that padding comes first. A bidirectional
    layer has a second GRU that reads from the first token to the last, which the original program
    lacks. One projection merges the outputs of both at each token, and their final states:

        h_t = tanh([backward_t, forward_t] W + b)

    Args:
        vocabulary_size, embedding_size, units, num_layers: sizes, each at least 1.
        padded_lengths: None masks all padding. Ascending lengths reproduce the original program,
            in which GRU and attention include padding up to the shortest length that is longer
            than the post (or up to the last length). At most the width of `post` is read.
        dropout: share of the input of each GRU layer that is dropped in training, in [0, 1].
        bidirectional: whether all layers are bidirectional.

    Call arguments:
        post: int32 `(batch, length)`, padded with PAD at the end.
        scan: function that runs a layer over the post, from `ecm_tf.model.recurrence`.

    Returns:
        A dict: `values`, float `(batch, length, units)`, the top layer's output at each token, in
        the post's order; `mask`, bool `(batch, length)`; `states`, a list of `num_layers` floats
        `(batch, units)`, lowest layer first.
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_size: int,
        units: int,
        num_layers: int = 1,
        padded_lengths: Any = None,
        dropout: float = 0.0,
        bidirectional: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size
        self.embedding_size = embedding_size
        self.units = units
        self.num_layers = num_layers
        self.padded_lengths = padded_lengths
        self.embedding = keras.layers.Embedding(
            vocabulary_size, embedding_size, dtype=self.dtype_policy, name="embedding"
        )
        self.bidirectional = bidirectional
        self.cells = [
            GRUCell(units, dtype=self.dtype_policy, name=f"layer_{index}")
            for index in range(num_layers)
        ]
        self.forward_cells = [
            GRUCell(units, dtype=self.dtype_policy, name=f"forward_layer_{index}")
            for index in range(num_layers if bidirectional else 0)
        ]
        self.merges = [
            keras.layers.Dense(
                units, activation="tanh", dtype=self.dtype_policy, name=f"merge_{index}"
            )
            for index in range(num_layers if bidirectional else 0)
        ]
        self.dropout = Dropout(dropout, dtype=self.dtype_policy, name="dropout")

    def build(self, post_shape: Any) -> None:
        """Creates the weights."""
        self.embedding.build(post_shape)
        for cells in (self.cells, self.forward_cells):
            for index, cell in enumerate(cells):
                cell.build((None, self.units if index else self.embedding_size))
        for merge in self.merges:
            merge.build((None, 2 * self.units))

    def call(self, post: tf.Tensor, scan: Scan = scan) -> dict[str, Any]:
        """Encodes the posts; see the class for shapes."""
        mask = tf.not_equal(post, PAD) if self.padded_lengths is None else self._bucket(post)
        backwards = tf.reverse(tf.transpose(mask), [0])
        outputs = tf.reverse(self.embedding(tf.transpose(post)), [0])
        states = []
        for index, cell in enumerate(self.cells):
            inputs = self.dropout(outputs)
            outputs, state = _read(cell, inputs, backwards, scan)
            if self.bidirectional:
                forward, forward_state = _read(
                    self.forward_cells[index],
                    tf.reverse(inputs, [0]),
                    tf.reverse(backwards, [0]),
                    scan,
                )
                merge = self.merges[index]
                outputs = merge(tf.concat([outputs, tf.reverse(forward, [0])], -1))
                state = merge(tf.concat([state, forward_state], -1))
            states.append(state)
        values = tf.transpose(tf.reverse(outputs, [0]), [1, 0, 2])
        return {"values": values, "mask": mask, "states": states}

    def _bucket(self, post: tf.Tensor) -> tf.Tensor:
        """Returns the positions that the original program includes, bool `(batch, length)`."""
        lengths = tf.reduce_sum(tf.cast(tf.not_equal(post, PAD), tf.int32), axis=1)
        sizes = tf.constant(list(self.padded_lengths), tf.int32)
        outgrown = tf.expand_dims(lengths, 1) >= sizes[:-1]
        bucket = tf.reduce_sum(tf.cast(outgrown, tf.int32), axis=1)
        return tf.sequence_mask(tf.gather(sizes, bucket), tf.shape(post)[1])

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "embedding_size": self.embedding_size,
            "units": self.units,
            "num_layers": self.num_layers,
            "padded_lengths": self.padded_lengths,
            "dropout": self.dropout.rate,
            "bidirectional": self.bidirectional,
        }


def _read(
    cell: GRUCell, inputs: tf.Tensor, mask: tf.Tensor, scan: Scan
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns outputs `(length, batch, units)` and final state `(batch, units)`, as `scan` does."""
    start = cell.get_initial_state(tf.shape(inputs)[1])
    outputs, (state,) = scan(cell.step, cell.project_inputs(inputs), start, mask, cell.units)
    return outputs, state
