"""One reply, explained."""

import tensorflow as tf

from ecm_tf.explanation.explanation import Explanation
from ecm_tf.explanation.inside import inside
from ecm_tf.responder import Responder
from ecm_tf.vocabulary import EOS


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
