"""A generated reply, as plain data."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Reply:
    """A generated reply.

    Attributes:
        text: the reply; Chinese is written without spaces.
        score: log-probability of its words and the end token, in nats; at most 0.
        emotion: English name of the requested emotion, or of the one that the model chose.
        words: the reply's tokens in the response vocabulary, without the end token.
    """

    text: str
    score: float
    emotion: str
    words: tuple[str, ...] = field(default=(), repr=False, compare=False)
