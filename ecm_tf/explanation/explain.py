"""What went on inside the model while it spoke: attention, the gate, the internal memory."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from ecm_tf.responder import Responder
from ecm_tf.vocabulary import EOS, GO


@dataclass(frozen=True)
class Explanation:
    """The inside of one reply of T words to a post of P tokens.

    Attributes:
        post: the tokens that the model read, P of them.
        words: what it said, T words, then `_EOS` if it ended by itself.
        attention: float32 `(len(words), P)`: how much each word looked at each
            token; rows sum to 1.
        gate: float32 `(len(words),)`: the probability that external memory gave to the choice of an
            emotion word (ECM, eq. 11); `None` without the module, or if the emotion has no words.
        emotion_words: bool `(len(words),)`: whether the word is one of the emotion's memory.
        memory: float32 `(len(words) + 1,)`: Euclidean norm of the internal memory before the first
            word and after each (ECM, eq. 8, lets it decay to 0); `None` without the module.
    """

    post: list[str]
    words: list[str]
    attention: np.ndarray
    gate: np.ndarray | None
    emotion_words: np.ndarray
    memory: np.ndarray | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON knows it."""
        return {
            name: value.tolist() if isinstance(value, np.ndarray) else value
            for name, value in vars(self).items()
        }


def explain(responder: Responder, post: str, emotion: int, ids: list[int]) -> Explanation:
    """Goes through a reply word by word.

    Args:
        responder: the model that said it, or any other.
        post: raw text.
        emotion: category, in `[0, categories)`.
        ids: the reply's words in the response vocabulary, without EOS; may be empty.
    """
    model, assets = responder.model, responder.text.assets
    said = [*ids, EOS][: model.config.max_response_length]
    post_ids = responder.post_ids(tf.constant([post]))
    emotions = tf.constant([emotion])
    conditions, state = model.decoder.begin(emotions, model.encoder(post_ids))
    tokens = [token.decode() for token in responder.text.tokenize(tf.constant([post]))[0].numpy()]
    tokens = tokens[: post_ids.shape[1]]
    attention, gate, memory = [], [], []
    if model.config.use_imemory:
        memory.append(tf.norm(state[-2][0]).numpy())
    for word in [GO, *said[:-1]]:
        projected = model.decoder.project(tf.constant([word]), conditions)
        outputs, state = model.decoder.recur(projected, state, conditions)
        attention.append(model.decoder.read(state[:-1], conditions)[1][0, : len(tokens)].numpy())
        if model.config.use_ememory:
            features = model.decoder.features(outputs)
            gate.append(tf.exp(model.vocabulary_output.gate(features, emotions)[0])[0].numpy())
        if model.config.use_imemory:
            memory.append(tf.norm(state[-2][0]).numpy())
    mask = np.array(assets.external_memory_mask[emotion])
    return Explanation(
        post=tokens,
        words=[assets.response_words[word] for word in said],
        attention=np.array(attention, np.float32),
        gate=np.array(gate, np.float32) if gate and mask.any() else None,
        emotion_words=mask[said],
        memory=np.array(memory, np.float32) if memory else None,
    )
