"""Signatures of an exported SavedModel, as graph functions."""

from collections.abc import Callable

import tensorflow as tf

from ecm_tf.config import SearchConfig
from ecm_tf.decoding.search import Search
from ecm_tf.inference.internals import explanation_tensors
from ecm_tf.inference.responder import Responder
from ecm_tf.text.emotions import AUTO_ID

POST = tf.TensorSpec([None], tf.string, "post")
EMOTION = tf.TensorSpec([None], tf.string, "emotion")

Signature = tuple[Callable[..., dict[str, tf.Tensor]], list[tf.TensorSpec]]


def signatures(
    responder: Responder, one_best_search: Search, n_best_search: Search
) -> dict[str, Signature]:
    """Returns the functions of the signatures by name, each with its input specification.

    Dimension 0 of every input and output is the batch:

    - `serving_default(post, emotion)`: string `(batch,)` each → `response` string `(batch,)`,
      `score` float32 `(batch,)`, `emotion` string `(batch,)`, the English name. The input `emotion`
      is an English name, a Chinese name, an id as text, or auto if the model chooses emotions; any
      other value raises an InvalidArgument error that lists the accepted ones.
    - `all_emotions(post)`: → `emotion`, `response`, `score`, `(batch, categories)`; and, if the
      model predicts emotions, `probability` float32 `(batch, categories)`, P(emotion | post).
    - `n_best(post, emotion)`: → `response`, `score`, `(batch, n_best)`, best first; `emotion`.
    - `explain(post, emotion)`: → the outputs of `serving_default`, and those of
      `ecm_tf.inference.internals.explanation_tensors`.

    Strings are UTF-8; invalid bytes are replaced by U+FFFD. Posts are cut to the length of the
    model's longest bucket.

    Args:
        responder: model with its text processing.
        one_best_search: search of all signatures but `n_best`.
        n_best_search: search of `n_best`.
    """

    def names(emotion: tf.Tensor) -> tf.Tensor:
        return tf.gather(tf.constant(responder.emotions.names), emotion)

    def serving_default(post: tf.Tensor, emotion: tf.Tensor) -> dict[str, tf.Tensor]:
        answers = responder.answer(post, responder.emotion_ids(emotion), one_best_search)
        return {
            "response": answers.texts[:, 0],
            "score": answers.scores[:, 0],
            "emotion": names(answers.emotion),
        }

    def all_emotions(post: tf.Tensor) -> dict[str, tf.Tensor]:
        answers = responder.answer_all(post, one_best_search)
        outputs = {
            "emotion": names(answers.emotion),
            "response": answers.texts[..., 0],
            "score": answers.scores[..., 0],
        }
        if responder.chooses_emotions:
            outputs["probability"] = tf.exp(responder.emotion_log_probs(post))
        return outputs

    def n_best(post: tf.Tensor, emotion: tf.Tensor) -> dict[str, tf.Tensor]:
        answers = responder.answer(post, responder.emotion_ids(emotion), n_best_search)
        return {
            "response": answers.texts,
            "score": answers.scores,
            "emotion": names(answers.emotion),
        }

    def explain(post: tf.Tensor, emotion: tf.Tensor) -> dict[str, tf.Tensor]:
        replies, ids = responder.choose(post, responder.emotion_ids(emotion), one_best_search)
        return {
            "response": responder.texts(replies)[:, 0],
            "score": replies.scores[:, 0],
            "emotion": names(ids),
            **explanation_tensors(responder, post, ids, replies.ids[:, 0], replies.lengths[:, 0]),
        }

    return {
        "serving_default": (serving_default, [POST, EMOTION]),
        "all_emotions": (all_emotions, [POST]),
        "n_best": (n_best, [POST, EMOTION]),
        "explain": (explain, [POST, EMOTION]),
    }


def row_weights(responder: Responder) -> Callable[..., tf.Tensor] | None:
    """Returns a function that says how often each row of a signature's inputs is decoded.

    It takes the inputs of a signature with `emotion` and returns int32 `(batch,)`: the number of
    categories for auto, otherwise 1. None if the model does not choose emotions.
    """
    if not responder.chooses_emotions:
        return None
    return lambda post, emotion: tf.where(
        responder.emotion_ids(emotion) == AUTO_ID, responder.categories, 1
    )


def hypotheses_per_post(
    categories: int, one_best: SearchConfig, n_best: SearchConfig
) -> dict[str, int]:
    """Returns the number of hypotheses that each signature decodes for a post.

    A post with the emotion auto, which is decoded in every emotion, has `categories` times as many.

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
