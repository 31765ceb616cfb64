"""The Emotional Chatting Machine: encoder, decoder and output layer as one Keras model."""

import math
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from ecm_tf.config import ModelConfig
from ecm_tf.layers import EmotionPredictor, ExternalMemoryOutput, VocabularyOutput, losses
from ecm_tf.layers.dropout import Dropout
from ecm_tf.model.decoder import Decoder
from ecm_tf.model.encoder import Encoder
from ecm_tf.text.vocabulary import GO, PAD

INPUT_SIGNATURE = {
    "post": tf.TensorSpec([None, None], tf.int32),
    "response": tf.TensorSpec([None, None], tf.int32),
    "emotion": tf.TensorSpec([None], tf.int32),
}
"""Signature of the model's inputs for graphs that accept any batch size and lengths."""


@keras.saving.register_keras_serializable("ecm_tf")
class ECM(keras.Model):
    """Replies to a post in a requested emotion (Zhou et al., AAAI 2018).

        P(y | x, e) = prod_t P(y_t | y_<t, x, e)

    The configuration enables each of the three emotion modules (embedding, internal memory,
    external memory). The model has no weights of a disabled module.

    Args:
        config: a `ModelConfig`, or its `to_dict()`.
        dropout: share of the word vectors, of the output of each GRU layer before the next, and of
            the input of the output layer that is dropped in training, in [0, 1]. It is not part of
            `config`, because it does not change the weights.
        label_smoothing: share of the training loss's cross-entropy that is the mean over all words
            of the vocabulary instead of the target's, in [0, 1).

    Call arguments:
        inputs: dict of `post` int32 `(batch, post_length)`, `emotion` int32 `(batch,)` and
            `response` int32 `(batch, response_length)`: token ids, padded with PAD at the end; a
            response ends in EOS unless it was truncated.

    Returns:
        A dict: `features`, float `(batch, response_length, 2 * size)`, and, with internal memory,
        `memory`, float `(batch, imemory_size)`, the memory after the last step; with emotion
        prediction, `emotion_logits`, float32 `(batch, categories)`.

    Examples:
        config = ModelConfig(
            post_vocabulary_size=20, response_vocabulary_size=18, categories=6, size=8, use_emb=True
        )
        model = ECM(config)
        model.compile("adam")
        batch = {
            "post": tf.constant([[4, 5, 6]]),
            "response": tf.constant([[7, 8, 2]]),
            "emotion": tf.constant([1]),
        }
        model.fit(tf.data.Dataset.from_tensors(batch))
    """

    def __init__(
        self,
        config: ModelConfig | dict[str, Any],
        *,
        dropout: float = 0.0,
        label_smoothing: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(config, dict):
            config = ModelConfig.from_dict(config)
        self.config = config
        self.label_smoothing = label_smoothing
        dtype = self.dtype_policy
        self.encoder = Encoder(
            config.post_vocabulary_size,
            config.embedding_size,
            config.size,
            config.num_layers,
            None if config.mask_padding else [post for post, _ in config.buckets],
            dropout,
            config.bidirectional_encoder,
            dtype=dtype,
            name="encoder",
        )
        self.decoder = Decoder(
            config.response_vocabulary_size,
            config.embedding_size,
            config.size,
            config.num_layers,
            config.categories,
            config.emotion_size if config.use_emb else None,
            config.imemory_size if config.use_imemory else None,
            dropout,
            dtype=dtype,
            name="decoder",
        )
        words, categories = config.response_vocabulary_size, config.categories
        embedding = self.decoder.embedding if config.tie_embeddings else None
        self.vocabulary_output = (
            ExternalMemoryOutput(words, categories, embedding, dtype=dtype, name="external_memory")
            if config.use_ememory
            else VocabularyOutput(words, embedding, dtype=dtype, name="vocabulary_output")
        )
        self.dropout = Dropout(dropout, dtype=dtype, name="dropout")
        self._cross_entropy = keras.metrics.Mean("cross_entropy")
        self.emotion_predictor: EmotionPredictor | None = None
        self.build()

    def build(self, inputs_shape: Any = None) -> None:
        """Creates all weights; the configuration determines their shapes."""
        if not self.built:
            self.encoder.build((None, None))
            self.decoder.build((None, None))
            self.vocabulary_output.build((None, self.config.size))
            if self.config.predict_emotion:
                # Made after the others have drawn their initial weights, so that those are equal.
                categories, size = self.config.categories, self.config.size
                self.emotion_predictor = EmotionPredictor(
                    categories, size, dtype=self.dtype_policy, name="emotion_predictor"
                )
                self.emotion_predictor.build((None, None, size), (None, size))
                self._emotion_cross_entropy = keras.metrics.Mean("emotion_cross_entropy")
            self.built: bool = True

    def count_trainable_params(self) -> int:
        """Returns the number of trainable weights, without the mask of emotion words."""
        return sum(math.prod(weight.shape) for weight in self.trainable_weights)

    def set_emotion_words(self, mask: Any) -> None:
        """Sets the emotion words of the external memory.

        Args:
            mask: bool or 0/1 `(categories, response_vocabulary_size)`, true where a word is an
                emotion word of the category.

        Raises:
            ValueError: the model has no external memory, or `mask` has another shape.
        """
        if not self.config.use_ememory:
            raise ValueError("This model has no external memory (`use_ememory` is off).")
        self.vocabulary_output.emotion_words.assign(mask)

    def call(self, inputs: dict[str, tf.Tensor], training: bool = False) -> dict[str, tf.Tensor]:
        """Runs encoder and decoder with teacher forcing; see the class for shapes."""
        encoded = self.encoder(inputs["post"])
        response = tf.cast(inputs["response"], tf.int32)
        words = tf.concat([tf.fill([tf.shape(response)[0], 1], GO), response[:, :-1]], axis=1)
        mask = response != PAD if self.config.mask_padding else tf.ones_like(response, tf.bool)
        features, state = self.decoder(words, inputs["emotion"], encoded, mask)
        outputs = {"features": features}
        if self.config.use_imemory:
            outputs["memory"] = state[-2]
        if self.emotion_predictor:
            outputs["emotion_logits"] = self.emotion_predictor(
                encoded["values"], encoded["states"][-1], encoded["mask"]
            )
        return outputs

    def _real_tokens(
        self,
        inputs: dict[str, tf.Tensor],
        outputs: dict[str, tf.Tensor],
        training: bool = False,
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        """Drops padding: returns features, emotion, target and row of every real target token."""
        response = tf.cast(inputs["response"], tf.int32)
        positions = tf.where(response != PAD)
        features = self.decoder.features(tf.gather_nd(outputs["features"], positions))
        features = self.dropout(features, training=training)
        rows = positions[:, 0]
        emotion = tf.gather(inputs["emotion"], rows)
        return features, emotion, tf.gather_nd(response, positions), rows

    def _training_losses(
        self, x: dict[str, tf.Tensor], outputs: dict[str, tf.Tensor], training: bool
    ) -> dict[str, tf.Tensor]:
        """Returns the loss terms of the output layer, which are computed without padding."""
        features, emotion, targets, rows = self._real_tokens(x, outputs, training)
        weights = tf.gather(self._token_weights(x), rows)
        return self.vocabulary_output.training_losses(
            features, emotion, targets, weights, self.label_smoothing
        )

    def _token_weights(self, x: dict[str, tf.Tensor]) -> tf.Tensor:
        """Returns the weight of each target token of a response, float32 `(batch,)`."""
        return losses.token_weights(tf.reduce_sum(tf.cast(x["response"] != PAD, tf.int32), axis=1))

    def compute_loss(
        self,
        x: dict[str, tf.Tensor],
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> tf.Tensor:
        """Returns the training loss (ECM, eq. 15).

            loss = cross-entropy - log P(right choice of the gate) + ||M_end||^2

        The second term belongs to the external memory, the third to the internal memory. The first
        two are averaged over the tokens of each response, all three over the batch. Emotion
        prediction adds the gradient of its cross-entropy, but not the value, so that the loss and
        what depends on it (the learning rate's decay) are those of the replies.

        Args:
            x: the inputs, as for `call`. A batch without target tokens has a cross-entropy of 0.
            y: ignored; the inputs contain the targets.
            y_pred: the result of `call`.
            sample_weight: ignored; padding is dropped before the loss.
            training: whether to apply dropout.

        Returns:
            float32 scalar.
        """
        terms = self._training_losses(x, y_pred, training)
        self._cross_entropy.update_state(terms["cross_entropy"])
        if "memory" in y_pred:
            terms["memory"] = losses.memory_loss(y_pred["memory"])
        if self.emotion_predictor:
            emotion_loss = self.emotion_predictor.loss(y_pred["emotion_logits"], x["emotion"])
            self._emotion_cross_entropy.update_state(emotion_loss)
            terms["emotion"] = emotion_loss - tf.stop_gradient(emotion_loss)
        return tf.add_n([*terms.values(), *self.losses])

    def reply_nll(self, inputs: dict[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns `-log P(response | post, emotion)` of the given responses.

        Args:
            inputs: as for `call`.

        Returns:
            Negative log-likelihood of each response, float32 `(batch,)`, in nats, and its number of
            tokens, int32 `(batch,)`.
        """
        features, emotion, targets, rows = self._real_tokens(inputs, self(inputs))
        nll = self.vocabulary_output.nll(features, emotion, targets)
        batch = tf.shape(inputs["response"], out_type=tf.int64)[0]
        tokens = tf.math.unsorted_segment_sum(tf.ones_like(targets), rows, batch)
        return tf.math.unsorted_segment_sum(nll, rows, batch), tokens

    def teacher_forced_log_probs(self, inputs: dict[str, tf.Tensor]) -> tf.Tensor:
        """Returns the distribution over all words at every position.

        It needs memory for `batch * length * vocabulary` numbers. Training does not compute it.

        Args:
            inputs: as for `call`.

        Returns:
            float32 `(batch, response_length, response_vocabulary_size)`.
        """
        features = self.decoder.features(self(inputs)["features"])
        batch, length = tf.unstack(tf.shape(features)[:2])
        emotion = tf.repeat(inputs["emotion"], length)
        flat = self.vocabulary_output(tf.reshape(features, [-1, self.config.size]), emotion)
        return tf.reshape(flat, [batch, length, self.config.response_vocabulary_size])

    def prepare_decoding(
        self, encoded: dict[str, Any], emotion: tf.Tensor, beams: int = 1
    ) -> tuple[Callable[..., tuple[tf.Tensor, list[tf.Tensor]]], list[tf.Tensor]]:
        """Returns a step function for decoding.

        Args:
            encoded: the posts, as `encoder` returns them.
            emotion: int32 `(batch,)`, in `[0, categories)`.
            beams: number of rows for each example, at least 1; the rows of an example are adjacent.

        Returns:
            `step(words, state) -> (log_probs, state)` for a search of `ecm_tf.decoding`, where
            words is int32 `(batch * beams,)` and log_probs float32 `(batch * beams, words)`; and
            the state before the first step.

        Raises:
            ValueError: the model computes in mixed precision. Load it in float32 for decoding.
        """
        if self.compute_dtype != "float32":
            raise ValueError(f"Decoding needs a float32 model. Received: {self.compute_dtype}")
        encoded = tf.nest.map_structure(lambda x: tf.repeat(x, beams, axis=0), encoded)
        emotion = tf.repeat(emotion, beams, axis=0)
        constants, state = self.decoder.prepare_steps(emotion, encoded)
        output_constants = self.vocabulary_output.prepare_steps(emotion)

        def step(words: tf.Tensor, state: list[tf.Tensor]) -> tuple[tf.Tensor, list[tf.Tensor]]:
            outputs, state = self.decoder.step(
                self.decoder.project_words(words, constants), state, constants
            )
            features = self.decoder.features(outputs)
            return self.vocabulary_output.log_probs(features, output_constants), state

        return step, state

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {
            **super().get_config(),
            "config": self.config.to_dict(),
            "dropout": self.dropout.rate,
            "label_smoothing": self.label_smoothing,
        }
