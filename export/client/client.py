"""Ask a served model for replies."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from ecm_tf.inference.explanation import Explanation
from export import MODEL_NAME
from export.client.transport import connect


@dataclass(frozen=True)
class Reply:
    """What the model says.

    Attributes:
        emotion: the one asked for, as it was asked; by `all_emotions`, its English name.
        text: the reply.
        score: log-probability of its words and its end, in nats.
    """

    emotion: str
    text: str
    score: float


class Client:
    """Asks TF Serving, or `export.serve`, over REST or gRPC; a context manager.

    What a busy server refuses is tried again, five times in all, after waits that double.

    Args:
        address: `http://host:port`, `https://host:port` or `grpc://host:port`.
        model: the served model's name.
        version: a version of it; None: the newest.
        timeout: seconds to wait for an answer.

    Raises:
        InputError: another kind of address.
    """

    def __init__(
        self,
        address: str,
        model: str = MODEL_NAME,
        version: int | None = None,
        timeout: float = 30.0,
    ) -> None:
        self._transport = connect(address, model, version, timeout)

    def answer(self, posts: Sequence[str], emotions: Sequence[str]) -> list[Reply]:
        """Answers each post in an emotion.

        Args:
            posts: raw texts.
            emotions: as many; English or Chinese names, or ids as text.

        Returns:
            A reply for each post.

        Raises:
            ServerError: no answer, or a refusal (of an unknown emotion, for instance).
        """
        columns = self._transport.predict("serving_default", {"post": posts, "emotion": emotions})
        rows = zip(emotions, columns["response"], columns["score"], strict=True)
        return [Reply(*row) for row in rows]

    def all_emotions(self, posts: Sequence[str]) -> list[list[Reply]]:
        """Answers each post in every emotion; raises as `answer` does."""
        columns = self._transport.predict("all_emotions", {"post": posts})
        return [
            [Reply(*reply) for reply in zip(*row, strict=True)]
            for row in zip(columns["emotion"], columns["response"], columns["score"], strict=True)
        ]

    def n_best(self, posts: Sequence[str], emotions: Sequence[str]) -> list[list[Reply]]:
        """The best replies to each post in an emotion, best first; raises as `answer` does."""
        columns = self._transport.predict("n_best", {"post": posts, "emotion": emotions})
        return [
            [Reply(emotion, text, score) for text, score in zip(texts, scores, strict=True)]
            for emotion, texts, scores in zip(
                emotions, columns["response"], columns["score"], strict=True
            )
        ]

    def explain(
        self, posts: Sequence[str], emotions: Sequence[str]
    ) -> list[tuple[Reply, Explanation]]:
        """As `answer`, with what went on inside the model; raises as `answer` does."""
        columns = self._transport.predict("explain", {"post": posts, "emotion": emotions})
        rows = zip(*columns.values(), strict=True)
        named = [dict(zip(columns, row, strict=True)) for row in rows]
        return [
            (Reply(emotion, row["response"], row["score"]), Explanation.of_row(row))
            for emotion, row in zip(emotions, named, strict=True)
        ]

    def close(self) -> None:
        """Gives connections back."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
