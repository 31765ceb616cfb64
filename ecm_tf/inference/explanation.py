"""An explanation of a reply, as plain data: attention, gate and memory at each word."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np


@dataclass(frozen=True)
class Explanation:
    """What the model computed at each word of a reply to a post of P tokens.

    Attributes:
        post: the P tokens of the post, cut to the maximum length of the model.
        words: the words of the reply, then `_EOS` unless the reply reached the maximum length.
        attention: float32 `(len(words), P)`: attention weights of each word over the tokens of
            the post; rows sum to 1, or to less if the model attends to padding (`mask_padding` is
            off).
        gate: float32 `(len(words),)`: the probability that the external memory gives to an emotion
            word at this step (ECM, eq. 11); `None` without external memory, or if the emotion has
            no emotion words.
        emotion_words: bool `(len(words),)`: whether the word is an emotion word of the requested
            emotion.
        memory: float32 `(len(words) + 1,)`: Euclidean norm of the internal memory before the first
            word and after each word (by ECM, eq. 8, it decays to 0); `None` without internal
            memory.
        emotion_probabilities: float32 `(categories,)`: predicted probability of each emotion given
            the post; `None` if the model predicts no emotions.
    """

    post: list[str]
    words: list[str]
    attention: np.ndarray
    gate: np.ndarray | None
    emotion_words: np.ndarray
    memory: np.ndarray | None
    emotion_probabilities: np.ndarray | None = None

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Self:
        """Returns the explanation in one row of a batch, without its padding.

        Args:
            row: arrays or lists by name, as `ecm_tf.inference.internals.explanation_tensors`
                returns them for a batch; strings as bytes or text.
        """
        post, words = (
            [token.decode() if isinstance(token, bytes) else token for token in row[name]]
            for name in ("post_tokens", "words")
        )
        post, words = ([token for token in tokens if token] for tokens in (post, words))
        length = len(words)
        gate = np.asarray(row["gate"], np.float32)[:length] if "gate" in row else None
        return cls(
            post=post,
            words=words,
            attention=np.asarray(row["attention"], np.float32)[:length, : len(post)],
            gate=None if gate is None or (gate < 0).any() else gate,
            emotion_words=np.asarray(row["emotion_words"], bool)[:length],
            memory=(
                np.asarray(row["memory"], np.float32)[: length + 1] if "memory" in row else None
            ),
            emotion_probabilities=(
                np.asarray(row["emotion_probabilities"], np.float32)
                if "emotion_probabilities" in row
                else None
            ),
        )

    def to_dict(self) -> dict[str, Any]:
        """Returns the attributes as JSON values."""
        return {
            name: value.tolist() if isinstance(value, np.ndarray) else value
            for name, value in vars(self).items()
        }
