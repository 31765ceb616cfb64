"""What a SavedModel answers: its signatures, as graph functions."""

from collections.abc import Callable

import tensorflow as tf

from ecm_tf.decoding.search import Search
from ecm_tf.inference.internals import inside
from ecm_tf.inference.responder import Responder

POST = tf.TensorSpec([None], tf.string, "post")
EMOTION = tf.TensorSpec([None], tf.string, "emotion")

Signature = tuple[Callable[..., dict[str, tf.Tensor]], list[tf.TensorSpec]]


def signatures(responder: Responder, best: Search, several: Search) -> dict[str, Signature]:
    """The functions by name, with what goes in. The batch is dimension 0 of all that comes out.

    - `serving_default(post, emotion)`: string `(batch,)` each → `response` string `(batch,)`,
      `score` float32 `(batch,)`. `emotion` is an English or Chinese name or an id as text; anything
      else is an InvalidArgument error that lists what is allowed.
    - `all_emotions(post)`: → `emotion` (English name), `response`, `score`, `(batch, categories)`.
    - `n_best(post, emotion)`: → `response`, `score`, `(batch, n_best)`, best first.
    - `explain(post, emotion)`: → as `serving_default`, and what `ecm_tf.explanation.inside` gives.

    Strings are UTF-8; other bytes are read as U+FFFD. A post is cut to the model's longest bucket.

    Args:
        responder: answers.
        best: how, for the first two.
        several: how, for `n_best`.
    """

    def serving_default(post, emotion):
        answers = responder.answer(post, responder.text.emotion_ids(emotion), best)
        return {"response": answers.texts[:, 0], "score": answers.scores[:, 0]}

    def all_emotions(post):
        answers = responder.answer_all(post, best)
        names = tf.constant([responder.emotions.names])
        return {
            "emotion": tf.repeat(names, tf.shape(post)[0], axis=0),
            "response": answers.texts[..., 0],
            "score": answers.scores[..., 0],
        }

    def n_best(post, emotion):
        answers = responder.answer(post, responder.text.emotion_ids(emotion), several)
        return {"response": answers.texts, "score": answers.scores}

    def explain(post, emotion):
        ids = responder.text.emotion_ids(emotion)
        replies = responder.replies(post, ids, best)
        return {
            "response": responder.texts(replies)[:, 0],
            "score": replies.scores[:, 0],
            **inside(responder, post, ids, replies.ids[:, 0], replies.lengths[:, 0]),
        }

    return {
        "serving_default": (serving_default, [POST, EMOTION]),
        "all_emotions": (all_emotions, [POST]),
        "n_best": (n_best, [POST, EMOTION]),
        "explain": (explain, [POST, EMOTION]),
    }
