"""What goes on inside the model while it says given replies, in the graph."""

import tensorflow as tf

from ecm_tf.inference.explanation import Explanation
from ecm_tf.inference.responder import Responder
from ecm_tf.model.recurrence import scan
from ecm_tf.text.vocabulary import EOS, GO

NO_GATE = -1.0
"""The gate of an emotion without words."""


def inside(
    responder: Responder, posts: tf.Tensor, emotion: tf.Tensor, ids: tf.Tensor, lengths: tf.Tensor
) -> dict[str, tf.Tensor]:
    """Goes through replies word by word; what they are does not depend on how they were found.

    Args:
        responder: the model that said them, or any other.
        posts: string `(batch,)`.
        emotion: int32 `(batch,)`, in `[0, categories)`.
        ids: int32 `(batch, width)`: words in the response vocabulary.
        lengths: int32 `(batch,)`: how many of them are the reply's; EOS follows if there is room.

    Returns:
        By name, with P the most tokens that the model reads; see `Explanation` for what they are.

        - `post_tokens`: string `(batch, P)`, `""` after the post's end.
        - `words`: string `(batch, width)`, `""` after the reply's end.
        - `emotion_words`: bool `(batch, width)`.
        - `attention`: float32 `(batch, width, P)`.
        - `gate`: float32 `(batch, width)`, `NO_GATE` for an emotion without words; absent without
          external memory.
        - `memory`: float32 `(batch, width + 1)`; absent without internal memory.
    """
    model, text = responder.model, responder.text
    decoder, config = model.decoder, model.config
    post_ids = responder.post_ids(posts)
    width = tf.shape(ids)[1]
    positions = tf.range(width)[None, :]
    said = tf.where(positions == lengths[:, None], EOS, ids)
    real = positions <= lengths[:, None]
    conditions, state = decoder.begin(emotion, model.encoder(post_ids))

    def left(state):
        return tf.norm(state[-2], axis=1, keepdims=True)

    def step(projected, state):
        outputs, state = decoder.recur(projected, state, conditions)
        weights = decoder.read(state[:-1], conditions)[1]
        parts = [outputs, weights, left(state)] if config.use_imemory else [outputs, weights]
        return tf.concat(parts, 1), state

    inputs = tf.concat([tf.fill([tf.shape(said)[0], 1], GO), said[:, :-1]], 1)
    seen, _ = scan(
        step,
        decoder.project(tf.transpose(inputs), conditions),
        state,
        tf.transpose(real),
        None,
    )
    seen = tf.transpose(seen, [1, 0, 2])
    outputs, rest = seen[..., : 2 * config.size], seen[..., 2 * config.size :]
    # Always as wide, so that what else is in a batch does not show.
    tokens, most = tf.shape(post_ids)[1], config.max_post_length
    read = text.tokenize(posts)[:, :most]
    vocabulary = tf.constant(list(text.assets.response_words))
    emotional = tf.constant(text.assets.external_memory_mask)
    found = {
        "post_tokens": read.to_tensor("", shape=[None, most]),
        "words": tf.where(real, tf.gather(vocabulary, said), ""),
        "emotion_words": real & tf.gather(tf.gather(emotional, emotion), said, batch_dims=1),
        "attention": tf.pad(rest[..., :tokens], [[0, 0], [0, 0], [0, most - tokens]]),
    }
    if config.use_ememory:
        features = decoder.features(outputs)
        flat = tf.reshape(features, [-1, config.size])
        log_alpha, _ = model.vocabulary_output.gate(flat, tf.repeat(emotion, width))
        has_words = tf.gather(tf.reduce_any(emotional, axis=1), emotion)
        gate = tf.reshape(tf.exp(log_alpha), tf.shape(said))
        found["gate"] = tf.where(has_words[:, None], gate, NO_GATE)
    if config.use_imemory:
        found["memory"] = tf.concat([left(state), rest[..., -1]], 1)
    return found


def explain(responder: Responder, post: str, emotion: int, ids: list[int]) -> Explanation:
    """Goes through a reply word by word.

    Args:
        responder: the model that said it, or any other.
        post: raw text.
        emotion: category, in `[0, categories)`.
        ids: the reply's words in the response vocabulary, without EOS; may be empty.
    """
    width = responder.model.config.max_response_length
    found = inside(
        responder,
        tf.constant([post]),
        tf.constant([emotion]),
        tf.constant([[*ids, EOS][:width]]),
        tf.constant([len(ids)]),
    )
    return Explanation.of_row({name: value[0].numpy() for name, value in found.items()})
