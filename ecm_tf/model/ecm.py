"""The Emotional Chatting Machine: encoder, decoder and output wired together."""

import keras
import tensorflow as tf

from ecm_tf.config import ModelConfig
from ecm_tf.layers import ExternalMemoryOutput, VocabularyOutput, losses
from ecm_tf.model.decoder import Decoder
from ecm_tf.model.encoder import Encoder
from ecm_tf.model.recurrence import scan
from ecm_tf.text.vocabulary import GO, PAD

INPUT_SIGNATURE = {
    "post": tf.TensorSpec([None, None], tf.int32),
    "response": tf.TensorSpec([None, None], tf.int32),
    "emotion": tf.TensorSpec([None], tf.int32),
}
"""Shapes and dtypes of the model's inputs, for graphs that take any batch."""


@keras.saving.register_keras_serializable("ecm_tf")
class ECM(keras.Model):
    """Answers a post in an emotion (Zhou et al., AAAI 2018).

    Which of the three emotion modules it has is in its configuration; a module that is
    off is absent.

    Args:
        config: a `ModelConfig`, or its `to_dict()`.

    Call arguments:
        inputs: dict of `post` int32 `(batch, post_length)`, `emotion` int32 `(batch,)` and
            `response` int32 `(batch, response_length)`: token ids, padded with PAD at the end; a
            response ends in EOS unless it was cut.

    Returns:
        A dict: `features`, float `(batch, response_length, 2 * size)`, and, with internal memory,
        `memory`, float `(batch, imemory_size)`, what is left of it at the end.
    """

    def __init__(self, config, **kwargs):
        super().__init__(**kwargs)
        if isinstance(config, dict):
            config = ModelConfig.from_dict(config)
        self.config = config
        dtype = self.dtype_policy
        self.encoder = Encoder(
            config.post_vocabulary_size,
            config.embedding_size,
            config.size,
            config.num_layers,
            None if config.mask_padding else [post for post, _ in config.buckets],
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
            dtype=dtype,
            name="decoder",
        )
        words, categories = config.response_vocabulary_size, config.categories
        self.vocabulary_output = (
            ExternalMemoryOutput(words, categories, dtype=dtype, name="external_memory")
            if config.use_ememory
            else VocabularyOutput(words, dtype=dtype, name="vocabulary_output")
        )
        self._cross_entropy = keras.metrics.Mean("cross_entropy")
        self.build()

    def build(self, inputs_shape=None):
        """Creates all weights; shapes follow from the configuration alone."""
        if not self.built:
            self.encoder.build((None, None))
            self.decoder.build((None, None))
            self.vocabulary_output.build((None, self.config.size))
            self.built = True

    def set_emotion_words(self, mask):
        """Fills the external memory.

        Args:
            mask: bool or 0/1 `(categories, response_vocabulary_size)`, true where a word is an
                emotion word of the category.

        Raises:
            ValueError: the model has no external memory, or the shape is another.
        """
        if not self.config.use_ememory:
            raise ValueError("This model has no external memory (`use_ememory` is off).")
        self.vocabulary_output.emotion_words.assign(mask)

    def call(self, inputs, training=False):
        """See the class."""
        encoded = self.encoder(inputs["post"])
        response = tf.cast(inputs["response"], tf.int32)
        words = tf.concat([tf.fill([tf.shape(response)[0], 1], GO), response[:, :-1]], axis=1)
        mask = response != PAD if self.config.mask_padding else tf.ones_like(response, tf.bool)
        features, state = self.decoder(words, inputs["emotion"], encoded, mask)
        if not self.config.use_imemory:
            return {"features": features}
        return {"features": features, "memory": state[-2]}

    def _real_tokens(self, inputs, outputs):
        """The targets that are not padding, and the rows they come from. Padding ends here."""
        response = tf.cast(inputs["response"], tf.int32)
        positions = tf.where(response != PAD)
        features = self.decoder.features(tf.gather_nd(outputs["features"], positions))
        rows = positions[:, 0]
        emotion = tf.gather(inputs["emotion"], rows)
        return features, emotion, tf.gather_nd(response, positions), rows

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Cross-entropy, plus what internal and external memory add (ECM, eq. 15).

        Args:
            x: the inputs, as for `call`; a batch without any token has loss 0.
            y: not used: the targets are in the inputs.
            y_pred: what `call` returned.
            sample_weight: not used: padding never gets here.
            training: not used.

        Returns:
            float32 scalar.
        """
        features, emotion, targets, rows = self._real_tokens(x, y_pred)
        lengths = tf.reduce_sum(tf.cast(x["response"] != PAD, tf.int32), axis=1)
        weights = tf.gather(losses.token_weights(lengths), rows)
        terms, _ = self.vocabulary_output.training_losses(features, emotion, targets, weights)
        self._cross_entropy.update_state(terms["cross_entropy"])
        if "memory" in y_pred:
            terms["memory"] = losses.memory_loss(y_pred["memory"])
        return tf.add_n([*terms.values(), *self.losses])

    def reply_nll(self, inputs):
        """How unlikely the given responses are.

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

    def teacher_forced_log_probs(self, inputs):
        """The whole distribution at every position: for tests and small studies, not for training.

        Returns:
            float32 `(batch, response_length, response_vocabulary_size)`.
        """
        features = self.decoder.features(self(inputs)["features"])
        batch, length = tf.unstack(tf.shape(features)[:2])
        emotion = tf.repeat(inputs["emotion"], length)
        flat = self.vocabulary_output(tf.reshape(features, [-1, self.config.size]), emotion)
        return tf.reshape(flat, [batch, length, self.config.response_vocabulary_size])

    def begin(self, post, emotion, beams=1, scan=scan):
        """Prepares decoding.

        Args:
            post: int32 `(batch, post_length)`, padded with PAD at the end.
            emotion: int32 `(batch,)`.
            beams: rows that each example gets; an example's rows stand together.
            scan: runs the encoder: a function of `ecm_tf.recurrence`.

        Returns:
            `step(words, state) -> (log_probs, state)` for a search of `ecm_tf.decoding`, where
            words is int32 `(batch * beams,)` and log_probs float32 `(batch * beams, words)`; and
            the state before the first step.

        Raises:
            ValueError: the model computes in mixed precision; decode with one loaded in float32.
        """
        if self.compute_dtype != "float32":
            raise ValueError(f"Decoding needs a float32 model. Received: {self.compute_dtype}")
        encoded = self.encoder(post, scan=scan)
        encoded = tf.nest.map_structure(lambda x: tf.repeat(x, beams, axis=0), encoded)
        emotion = tf.repeat(emotion, beams, axis=0)
        conditions, state = self.decoder.begin(emotion, encoded)
        of_output = self.vocabulary_output.begin(emotion)

        def step(words, state):
            outputs, state = self.decoder.recur(
                self.decoder.project(words, conditions), state, conditions
            )
            features = self.decoder.features(outputs)
            return self.vocabulary_output.log_probs(features, of_output), state

        return step, state

    def get_config(self):
        """Constructor arguments."""
        return {**super().get_config(), "config": self.config.to_dict()}
