"""What went on inside the model while it said a reply, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np


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

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Self:
        """Takes the padding off one row of what `ecm_tf.explanation.inside.inside` gives.

        Args:
            row: arrays or lists by name; strings as bytes or text.
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
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON knows it."""
        return {
            name: value.tolist() if isinstance(value, np.ndarray) else value
            for name, value in vars(self).items()
        }
