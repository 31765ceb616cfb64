"""Training on several workers, each with a part of every batch."""

from typing import Any

import tensorflow as tf

from ecm_tf.model import ECM
from ecm_tf.training.workers import Workers


class DataParallelECM(ECM):
    """An ECM whose training step uses the batches of all workers.

    Each worker computes loss and gradients of its part. The sums over the workers, weighted by
    their rows, are those of the whole batch, so that clipping, the optimizer and the
    averages of the weights do the same as in a single process. Gradients of embeddings travel as
    `tf.IndexedSlices`: the rows that a batch uses.

    Attributes:
        workers: set before the first step.
    """

    workers: Workers

    def train_step(self, data: tuple[dict[str, tf.Tensor], tf.Tensor]) -> dict[str, Any]:
        """Updates the weights with one batch.

        Args:
            data: a part of the batch and the numbers of rows, from `Workers.part`.
        """
        inputs, (own_rows, rows) = data[0], tf.unstack(data[1])
        share = own_rows / rows
        with tf.GradientTape() as tape:
            outputs = self(inputs, training=True)
            loss = self.compute_loss(inputs, y_pred=outputs, training=True)
            scaled_loss = self.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled_loss, self.trainable_variables)
        weighted = [_times(gradient, share) for gradient in gradients]
        *gradients, loss = self.workers.sum([*weighted, loss * share])
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        self._loss_tracker.update_state(loss, sample_weight=rows)
        return {"loss": self._loss_tracker.result()}


def _times(gradient: Any, factor: tf.Tensor) -> Any:
    """Returns a product with a scalar; slices stay slices."""
    if isinstance(gradient, tf.IndexedSlices):
        values = gradient.values * tf.cast(factor, gradient.dtype)
        return tf.IndexedSlices(values, gradient.indices, gradient.dense_shape)
    return gradient * tf.cast(factor, gradient.dtype)
