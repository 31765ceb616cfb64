"""The predicted emotion of a reply, before the reply exists: P(emotion | post)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from ecm_tf.model.ecm import ECM


def emotion_log_probs(model: ECM, encoded: dict[str, Any]) -> tf.Tensor:
    """Returns log P(emotion | post) of every category.

    Args:
        model: with `predict_emotion`.
        encoded: the posts, as `model.encoder` returns them.

    Returns:
        float32 `(batch, categories)`, in nats.

    Raises:
        ValueError: the model does not predict emotions.
    """
    if model.emotion_predictor is None:
        raise ValueError("This model does not predict emotions (`predict_emotion` is off).")
    logits = model.emotion_predictor(encoded["values"], encoded["states"][-1], encoded["mask"])
    return tf.nn.log_softmax(logits)


@dataclass(frozen=True)
class EmotionPredictions:
    """Predictions of the emotions of the replies of a split, one entry per pair.

    Attributes:
        log_probs: float32 `(pairs, categories)`, log P(emotion | post) in nats.
        emotions: int32 `(pairs,)`, the emotions of the replies.
    """

    log_probs: np.ndarray
    emotions: np.ndarray

    @property
    def accuracy(self) -> float:
        """Share of pairs whose most probable emotion is that of the reply."""
        return float(np.mean(np.argmax(self.log_probs, axis=1) == self.emotions))

    @property
    def log_likelihood(self) -> float:
        """Mean log-probability of the emotion of the reply, in nats."""
        return float(np.mean(self.log_probs[np.arange(len(self.emotions)), self.emotions]))


class EmotionMeter:
    """Predicts the emotions of the replies of a split, any number of times, with one graph.

    Args:
        model: with `predict_emotion`; each measurement uses its current weights.
    """

    def __init__(self, model: ECM) -> None:
        self._log_probs = tf.function(
            lambda post: emotion_log_probs(model, model.encoder(post)),
            input_signature=[tf.TensorSpec([None, None], tf.int32)],
            autograph=False,
        )

    def measure(self, batches: tf.data.Dataset) -> EmotionPredictions:
        """Returns the predictions for all batches.

        Args:
            batches: from `ecm_tf.data.batches.evaluation_batches`; at least one.
        """
        rows = [
            (self._log_probs(batch["post"]).numpy(), batch["emotion"].numpy()) for batch in batches
        ]
        return EmotionPredictions(*(np.concatenate(column) for column in zip(*rows, strict=True)))
