"""The plain output layer: one softmax over the response vocabulary."""

from typing import Any, Self

import keras
import tensorflow as tf

from ecm_tf.layers import losses


@keras.saving.register_keras_serializable("ecm_tf")
class VocabularyOutput(keras.layers.Layer):
    """A softmax over all words (ECM, eq. 2).

        P(w) = softmax(o W + b)

    Calling the layer gives the distribution of one decoding step. Training uses `training_losses`
    and evaluation uses `nll`; both compute the probability of the target only.

    Args:
        vocabulary_size: number of words, at least 1.
        embedding: a `keras.layers.Embedding` of the words whose vectors are the columns of W, after
            a projection of `o` to their size, if it differs. None: W is a weight of this layer, as
            in the original program.

    Call arguments:
        features: float `(rows, size)`.
        emotion: int `(rows,)`; ignored, because this output does not depend on the emotion.

    Returns:
        float32 `(rows, vocabulary_size)`, log-probabilities in nats.

    Raises:
        ValueError: `vocabulary_size` is below 1, or not the number of words of `embedding`.

    Examples:
        output = VocabularyOutput(vocabulary_size=11)
        log_probs = output(keras.random.normal([2, 5]))
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding: keras.layers.Embedding | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if vocabulary_size < 1:
            raise ValueError(
                f"`vocabulary_size` must be positive. Received: vocabulary_size={vocabulary_size}"
            )
        if embedding is not None and embedding.input_dim != vocabulary_size:
            raise ValueError(
                "`vocabulary_size` must be the number of words of `embedding`. Received: "
                f"vocabulary_size={vocabulary_size}, embedding.input_dim={embedding.input_dim}"
            )
        self.vocabulary_size = vocabulary_size
        self.embedding = embedding
        self.kernel: Any = None
        self.projection: Any = None

    def build(self, features_shape: Any, emotion_shape: Any = None) -> None:
        """Creates the projection. Its layout, `(size, vocabulary_size)`, decodes fastest."""
        words, size = self.vocabulary_size, features_shape[-1]
        # The projection stays float32 under mixed precision; the losses cast it chunk by chunk.
        if self.embedding is None:
            self.kernel = self.add_weight(name="kernel", shape=(size, words), autocast=False)
        elif self.embedding.output_dim != size:
            self.projection = self.add_weight(
                name="projection", shape=(size, self.embedding.output_dim), autocast=False
            )
        if self.embedding is not None:
            self.embedding.build()
        self.bias = self.add_weight(
            name="bias", shape=(words,), initializer="zeros", autocast=False
        )

    def _factors(self, features: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the factors of `o W`: float `(rows, n)` and float32 `(n, vocabulary_size)`."""
        if self.embedding is None:
            return features, self.kernel
        if self.projection is not None:
            features = tf.matmul(features, tf.cast(self.projection, features.dtype))
        return features, tf.transpose(self.embedding.embeddings)

    def logits(self, features: tf.Tensor) -> tf.Tensor:
        """Returns `o W + b`, float32 `(rows, vocabulary_size)`."""
        features, kernel = self._factors(features)
        products = tf.matmul(features, tf.cast(kernel, features.dtype))
        return tf.nn.bias_add(tf.cast(products, tf.float32), self.bias)

    def prepare_steps(self, emotion: tf.Tensor | None) -> Any:
        """Computes what all decoding steps of a reply share.

        Args:
            emotion: int32 `(rows,)`, in `[0, categories)`.

        Returns:
            The constants for `log_probs`, whose rows are in the same order.
        """
        return ()

    def log_probs(self, features: tf.Tensor, constants: Any) -> tf.Tensor:
        """Returns the distribution of one decoding step.

        Args:
            features: float `(rows, size)`.
            constants: the result of `prepare_steps`.

        Returns:
            float32 `(rows, vocabulary_size)`, log-probabilities in nats.
        """
        return tf.nn.log_softmax(self.logits(features))

    def call(self, features: tf.Tensor, emotion: tf.Tensor | None = None) -> tf.Tensor:
        """Returns log-probabilities; see the class for shapes."""
        return self.log_probs(features, self.prepare_steps(emotion))

    def nll(self, features: tf.Tensor, emotion: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        """Returns the negative log-likelihood of each target, without gradient.

        Args:
            features: float `(tokens, size)`.
            emotion: int `(tokens,)`, emotion of the response that the token belongs to.
            targets: int32 `(tokens,)`, in `[0, vocabulary_size)`.

        Returns:
            float32 `(tokens,)`, in nats.
        """
        return losses.projected_nll(*self._factors(features), self.bias, targets)

    def training_losses(
        self,
        features: tf.Tensor,
        emotion: tf.Tensor,
        targets: tf.Tensor,
        weights: tf.Tensor,
        label_smoothing: float = 0.0,
        chunked: bool = True,
    ) -> dict[str, tf.Tensor]:
        """Returns the loss terms that training minimises.

        Args:
            features, emotion, targets: as for `nll`.
            weights: float32 `(tokens,)`, 0 or more.
            label_smoothing: share of the cross-entropy that is the mean over all words instead of
                the target's, in [0, 1).
            chunked: as for `losses.weighted_nll`.

        Returns:
            Weighted sums over the tokens, float32 scalars by name.
        """
        total = losses.weighted_nll(
            *self._factors(features),
            self.bias,
            targets,
            weights,
            smoothing=label_smoothing,
            chunked=chunked,
        )
        return {"cross_entropy": total}

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "embedding": keras.saving.serialize_keras_object(self.embedding),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Returns the layer of a configuration, with an embedding of its own."""
        embedding = keras.saving.deserialize_keras_object(config.get("embedding"))
        return cls(**{**config, "embedding": embedding})
