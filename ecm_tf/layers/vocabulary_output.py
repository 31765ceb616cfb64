"""The plain output: one softmax over the response vocabulary."""

import keras
import tensorflow as tf

from ecm_tf.layers import losses


@keras.saving.register_keras_serializable("ecm_tf")
class VocabularyOutput(keras.layers.Layer):
    """A softmax over all words (ECM, eq. 2).

    Calling it gives the distribution of one decoding step. Training goes through `nll`, which needs
    the probability of the target only.

    Args:
        vocabulary_size: how many words.

    Call arguments:
        features: float `(rows, size)`.
        emotion: int `(rows,)`, not looked at: this output treats all emotions alike.

    Returns:
        float32 `(rows, vocabulary_size)`, log-probabilities.
    """

    def __init__(self, vocabulary_size, **kwargs):
        super().__init__(**kwargs)
        if vocabulary_size < 1:
            raise ValueError(
                f"`vocabulary_size` must be positive. Received: vocabulary_size={vocabulary_size}"
            )
        self.vocabulary_size = vocabulary_size

    def build(self, features_shape, emotion_shape=None):
        """Creates the projection, `(size, vocabulary_size)`: decoding reads it fastest so."""
        words = self.vocabulary_size
        # The projection stays float32 under mixed precision; the losses cast it chunk by chunk.
        self.kernel = self.add_weight(
            name="kernel", shape=(features_shape[-1], words), autocast=False
        )
        self.bias = self.add_weight(
            name="bias", shape=(words,), initializer="zeros", autocast=False
        )

    def logits(self, features):
        """Float32 `(rows, vocabulary_size)`."""
        products = tf.matmul(features, tf.cast(self.kernel, features.dtype))
        return tf.nn.bias_add(tf.cast(products, tf.float32), self.bias)

    def begin(self, emotion):
        """What every step of a reply has in common.

        Args:
            emotion: int `(rows,)`.

        Returns:
            Tensors for `log_probs`, whose rows are in the same order.
        """
        return ()

    def log_probs(self, features, conditions):
        """One step.

        Args:
            features: float `(rows, size)`.
            conditions: what `begin` gave.

        Returns:
            float32 `(rows, vocabulary_size)`.
        """
        return tf.nn.log_softmax(self.logits(features))

    def call(self, features, emotion=None):
        """See the class."""
        return self.log_probs(features, self.begin(emotion))

    def nll(self, features, emotion, targets):
        """Negative log-likelihood of the targets, without gradient.

        Args:
            features: float `(tokens, size)`.
            emotion: int `(tokens,)`, of the reply that the token belongs to.
            targets: int32 `(tokens,)`.

        Returns:
            float32 `(tokens,)`, in nats.
        """
        return losses.projected_nll(features, self.kernel, self.bias, targets)

    def training_losses(self, features, emotion, targets, weights):
        """What training minimises.

        Args:
            features, emotion, targets: as for `nll`.
            weights: float32 `(tokens,)`.

        Returns:
            A dict of weighted sums to add up, float32 scalars, and `nll` without gradient.
        """
        total, nll = losses.weighted_nll(features, self.kernel, self.bias, targets, weights)
        return {"cross_entropy": total}, nll

    def get_config(self):
        """Constructor arguments."""
        return {**super().get_config(), "vocabulary_size": self.vocabulary_size}
