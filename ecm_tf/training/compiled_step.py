"""The training step as one function compiled by XLA."""

from typing import Any

import tensorflow as tf

from ecm_tf.model import ECM
from ecm_tf.text.vocabulary import PAD


class CompiledECM(ECM):
    """An ECM whose training step, forward and backward, is one function compiled by XLA.

    XLA needs static shapes, so the step is compiled once for each shape of a batch: batches should
    be padded to the lengths of their buckets. For the same reason the loss includes all positions
    of the responses, with a weight of 0 for padding, and their logits exist at the same time:
    memory grows with `batch * response_length * vocabulary`.

    Evaluation and decoding are those of `ECM`.

    Attributes:
        train_function: takes an iterator of batches, and trains on the next one.
    """

    train_function: Any

    def make_train_function(self, force: bool = False) -> None:
        """Makes the function that `fit` calls for each step.

        Keras's own function takes the batch from the iterator inside the graph, where its shape is
        unknown.
        """
        if self.train_function is None or force:
            step = tf.function(self.train_step, autograph=False, jit_compile=True)
            self.train_function = lambda batches: step(next(batches))

    def _training_losses(
        self, x: dict[str, tf.Tensor], outputs: dict[str, tf.Tensor], training: bool
    ) -> dict[str, tf.Tensor]:
        """Returns the loss terms of the output layer, which include padding with a weight of 0."""
        features = outputs["features"]
        flat = self.decoder.features(tf.reshape(features, [-1, features.shape[-1]]))
        flat = self.dropout(flat, training=training)
        weights = tf.where(x["response"] != PAD, self._token_weights(x)[:, None], 0.0)
        return self.vocabulary_output.training_losses(
            flat,
            tf.repeat(x["emotion"], features.shape[1]),
            tf.reshape(x["response"], [-1]),
            tf.reshape(weights, [-1]),
            self.label_smoothing,
            chunked=False,
        )
