"""What the model computes at each word of given replies: attention, gate, memory. Graph code."""

from typing import Any

import tensorflow as tf

from ecm_tf.inference.responder import Responder
from ecm_tf.model.emotion_prediction import emotion_log_probs
from ecm_tf.model.recurrence import scan
from ecm_tf.text.vocabulary import EOS, GO

NO_GATE = -1.0
"""Value of the gate for an emotion without emotion words."""


def explanation_tensors(
    responder: Responder, posts: tf.Tensor, emotion: tf.Tensor, ids: tf.Tensor, lengths: tf.Tensor
) -> dict[str, tf.Tensor]:
    """Computes the internals of the decoder for given replies (teacher forcing).

    The results depend only on the replies, not on the search that found them. Their widths do not
    depend on the other rows of the batch.

    Args:
        responder: a model with its text processing; any model of the same vocabulary.
        posts: string `(batch,)`.
        emotion: int32 `(batch,)`, in `[0, categories)`.
        ids: int32 `(batch, width)`, token ids in the response vocabulary.
        lengths: int32 `(batch,)`, number of ids of each row that belong to the reply; the end token
            follows if `width` leaves room for it.

    Returns:
        The tensors by name; P is the maximum post length. `Explanation` defines the values.

        - `post_tokens`: string `(batch, P)`, `""` after the end of the post.
        - `words`: string `(batch, width)`, `""` after the end of the reply.
        - `emotion_words`: bool `(batch, width)`.
        - `attention`: float32 `(batch, width, P)`.
        - `gate`: float32 `(batch, width)`, `NO_GATE` for an emotion without emotion words; absent
          if the model has no external memory.
        - `memory`: float32 `(batch, width + 1)`; absent if the model has no internal memory.
        - `emotion_probabilities`: float32 `(batch, categories)`; absent if the model predicts no
          emotions.
    """
    model, text = responder.model, responder.text
    decoder, config = model.decoder, model.config
    post_ids = responder.post_ids(posts)
    width = tf.shape(ids)[1]
    positions = tf.range(width)[None, :]
    words = tf.where(positions == lengths[:, None], EOS, ids)
    valid = positions <= lengths[:, None]
    encoded = model.encoder(post_ids)
    constants, state = decoder.prepare_steps(emotion, encoded)

    def memory_norm(state: Any) -> tf.Tensor:
        return tf.norm(state[-2], axis=1, keepdims=True)

    def step(projected: tf.Tensor, state: Any) -> tuple[tf.Tensor, Any]:
        outputs, state = decoder.step(projected, state, constants)
        weights = decoder.attend(state[:-1], constants)[1]
        parts = [outputs, weights, memory_norm(state)] if config.use_imemory else [outputs, weights]
        return tf.concat(parts, 1), state

    inputs = tf.concat([tf.fill([tf.shape(words)[0], 1], GO), words[:, :-1]], 1)
    steps, _ = scan(
        step,
        decoder.project_words(tf.transpose(inputs), constants),
        state,
        tf.transpose(valid),
        None,
    )
    steps = tf.transpose(steps, [1, 0, 2])
    outputs, rest = steps[..., : 2 * config.size], steps[..., 2 * config.size :]
    num_tokens, max_tokens = tf.shape(post_ids)[1], config.max_post_length
    post_tokens = text.tokenize(posts)[:, :max_tokens]
    vocabulary = tf.constant(list(text.assets.response_words))
    emotion_mask = tf.constant(text.assets.external_memory_mask)
    results = {
        "post_tokens": post_tokens.to_tensor("", shape=[None, max_tokens]),
        "words": tf.where(valid, tf.gather(vocabulary, words), ""),
        "emotion_words": valid & tf.gather(tf.gather(emotion_mask, emotion), words, batch_dims=1),
        "attention": tf.pad(rest[..., :num_tokens], [[0, 0], [0, 0], [0, max_tokens - num_tokens]]),
    }
    if config.use_ememory:
        features = tf.reshape(decoder.features(outputs), [-1, config.size])
        log_alpha, _ = model.vocabulary_output.gate(features, tf.repeat(emotion, width))
        has_words = tf.gather(tf.reduce_any(emotion_mask, axis=1), emotion)
        gate = tf.reshape(tf.exp(log_alpha), tf.shape(words))
        results["gate"] = tf.where(has_words[:, None], gate, NO_GATE)
    if config.use_imemory:
        results["memory"] = tf.concat([memory_norm(state), rest[..., -1]], 1)
    if config.predict_emotion:
        results["emotion_probabilities"] = tf.exp(emotion_log_probs(model, encoded))
    return results
