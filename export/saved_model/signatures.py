"""Signatures of an exported SavedModel, as graph functions."""

from collections.abc import Callable

import tensorflow as tf

from ecm_tf.config import SearchConfig
from ecm_tf.decoding.search import Search
from ecm_tf.inference.internals import explanation_tensors
from ecm_tf.inference.responder import Responder

POST = tf.TensorSpec([None], tf.string, "post")
EMOTION = tf.TensorSpec([None], tf.string, "emotion")

Signature = tuple[Callable[..., dict[str, tf.Tensor]], list[tf.TensorSpec]]


def signatures(
    responder: Responder, one_best_search: Search, n_best_search: Search
) -> dict[str, Signature]:
    """Returns the functions of the signatures by name, each with its input specification.

    Dimension 0 of every input and output is the batch:

    - `serving_default(post, emotion)`: string `(batch,)` each → `response` string `(batch,)`,
      `score` float32 `(batch,)`. `emotion` is an English name, a Chinese name or an id as text; any
      other value raises an InvalidArgument error that lists the accepted ones.
    - `all_emotions(post)`: → `emotion` (English name), `response`, `score`, `(batch, categories)`.
    - `n_best(post, emotion)`: → `response`, `score`, `(batch, n_best)`, best first.
    - `explain(post, emotion)`: → the outputs of `serving_default`, and those of
      `ecm_tf.inference.internals.explanation_tensors`.

    Strings are UTF-8; invalid bytes are replaced by U+FFFD. Posts are cut to the length of the
    model's longest bucket.

    Args:
        responder: model with its text processing.
        one_best_search: search of all signatures but `n_best`.
        n_best_search: search of `n_best`.
    """

    def serving_default(post: tf.Tensor, emotion: tf.Tensor) -> dict[str, tf.Tensor]:
        answers = responder.answer(post, responder.text.emotion_ids(emotion), one_best_search)
        return {"response": answers.texts[:, 0], "score": answers.scores[:, 0]}

    def all_emotions(post: tf.Tensor) -> dict[str, tf.Tensor]:
        answers = responder.answer_all(post, one_best_search)
        names = tf.constant([responder.emotions.names])
        return {
            "emotion": tf.repeat(names, tf.shape(post)[0], axis=0),
            "response": answers.texts[..., 0],
            "score": answers.scores[..., 0],
        }

    def n_best(post: tf.Tensor, emotion: tf.Tensor) -> dict[str, tf.Tensor]:
        answers = responder.answer(post, responder.text.emotion_ids(emotion), n_best_search)
        return {"response": answers.texts, "score": answers.scores}

    def explain(post: tf.Tensor, emotion: tf.Tensor) -> dict[str, tf.Tensor]:
        ids = responder.text.emotion_ids(emotion)
        replies = responder.replies(post, ids, one_best_search)
        return {
            "response": responder.texts(replies)[:, 0],
            "score": replies.scores[:, 0],
            **explanation_tensors(responder, post, ids, replies.ids[:, 0], replies.lengths[:, 0]),
        }

    return {
        "serving_default": (serving_default, [POST, EMOTION]),
        "all_emotions": (all_emotions, [POST]),
        "n_best": (n_best, [POST, EMOTION]),
        "explain": (explain, [POST, EMOTION]),
    }


def hypotheses_per_post(
    categories: int, one_best: SearchConfig, n_best: SearchConfig
) -> dict[str, int]:
    """Returns the number of hypotheses that each signature decodes for a post.

    Args:
        categories: number of emotion categories.
        one_best: search settings of all signatures but `n_best`.
        n_best: search settings of `n_best`.
    """
    return {
        "serving_default": one_best.num_candidates,
        "all_emotions": categories * one_best.num_candidates,
        "n_best": n_best.num_candidates,
        "explain": one_best.num_candidates,
    }
