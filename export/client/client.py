"""Client of a served model."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from ecm_tf.inference.explanation import Explanation
from ecm_tf.inference.reply import Reply
from ecm_tf.inference.word_segmentation import split_into_words
from export import MODEL_NAME
from export.client.grpc_transport import GrpcTransport
from export.client.rest_transport import RestTransport
from export.client.transport import Columns, ServerError, Target, Transport
from export.token_file import read_token

_OUTPUTS = {
    "serving_default": ("response", "score"),
    "all_emotions": ("response", "score", "emotion"),
    "n_best": ("response", "score"),
    "explain": ("response", "score", "post_tokens", "words", "attention", "emotion_words"),
}
"""What each signature returns at least."""


def _utf8(text: str) -> str:
    """Returns a text with "?" for half a surrogate pair, which UTF-8 does not have."""
    return text.encode("utf-8", "replace").decode()


class Client:
    """Requests replies from TF Serving or `export.serve`, over REST or gRPC; a context manager.

    A request to a busy server is retried up to four times with exponential backoff. A request
    during which a server process died is retried once. A request that times out is not retried.

    Args:
        address: `http://host:port` or `https://host:port` (REST), `grpc://host:port` or
            `grpcs://host:port` (gRPC; with TLS).
        model: name of the served model.
        version: version to request; None for the newest.
        timeout: seconds to wait for the response to a request.
        split_posts: whether to split raw Chinese into words with jieba before it is sent. A model
            that was trained on text split by spaces expects it; the server does not split.
        ca_cert: PEM file with the certificates to trust, for a server whose certificate is not from
            a public authority.
        token_file: file with one line, the server's token. Without TLS it is sent only to this
            machine.

    Raises:
        InputError: the address has another form, a file cannot be read, or the token would leave
            this machine without encryption.
    """

    def __init__(
        self,
        address: str,
        model: str = MODEL_NAME,
        version: int | None = None,
        timeout: float = 30.0,
        *,
        split_posts: bool = False,
        ca_cert: Path | None = None,
        token_file: Path | None = None,
    ) -> None:
        self._address, self._split_posts = address, split_posts
        token = None if token_file is None else read_token(token_file)
        target = Target(address, model, version, timeout, ca_cert, token)
        self._transport: Transport = (
            GrpcTransport(target) if target.uses_grpc else RestTransport(target)
        )

    def answer(self, posts: Sequence[str], emotions: Sequence[str]) -> list[Reply]:
        """Returns one reply to each post in its requested emotion.

        Args:
            posts: raw texts.
            emotions: one requested emotion per post: English name, Chinese name or id as text; or
                auto, if the model chooses emotions.

        Returns:
            One reply per post. `Reply.emotion` is the English name of the requested or chosen
            emotion; models that were exported before their signatures returned it repeat the
            request. Servers return no `Reply.words`.

        Raises:
            ServerError: the server did not respond in time or rejected the request, for example
                because of an unknown emotion.
        """
        columns = self._predict("serving_default", posts, emotion=emotions)
        names = columns.get("emotion", emotions)
        rows = zip(columns["response"], columns["score"], names, strict=True)
        return [Reply(*row) for row in rows]

    def all_emotions(self, posts: Sequence[str]) -> list[list[Reply]]:
        """Returns one reply per emotion to each post.

        Args:
            posts: raw texts.

        Returns:
            For each post, one reply per emotion in the order of the model's emotion ids.

        Raises:
            ServerError: as for `answer`.
        """
        columns = self._predict("all_emotions", posts)
        return [
            [Reply(*reply) for reply in zip(*row, strict=True)]
            for row in zip(columns["response"], columns["score"], columns["emotion"], strict=True)
        ]

    def n_best(self, posts: Sequence[str], emotions: Sequence[str]) -> list[list[Reply]]:
        """Returns the best replies to each post in its requested emotion.

        Args:
            posts: raw texts.
            emotions: as for `answer`.

        Returns:
            For each post, as many replies as the export's `--n_best`, best first.

        Raises:
            ServerError: as for `answer`.
        """
        columns = self._predict("n_best", posts, emotion=emotions)
        return [
            [Reply(text, score, emotion) for text, score in zip(texts, scores, strict=True)]
            for emotion, texts, scores in zip(
                columns.get("emotion", emotions),
                columns["response"],
                columns["score"],
                strict=True,
            )
        ]

    def explain(
        self, posts: Sequence[str], emotions: Sequence[str]
    ) -> list[tuple[Reply, Explanation]]:
        """Returns one reply to each post, with the model's attention, gate and memory.

        Args:
            posts: raw texts.
            emotions: as for `answer`.

        Returns:
            For each post, its reply and the explanation of the reply.

        Raises:
            ServerError: as for `answer`.
        """
        columns = self._predict("explain", posts, emotion=emotions)
        rows = [
            dict(zip(columns, values, strict=True))
            for values in zip(*columns.values(), strict=True)
        ]
        return [
            (Reply(row["response"], row["score"], emotion), Explanation.of_row(row))
            for emotion, row in zip(columns.get("emotion", emotions), rows, strict=True)
        ]

    def _predict(self, signature: str, posts: Sequence[str], **inputs: Sequence[str]) -> Columns:
        if self._split_posts:
            posts = [split_into_words(post) for post in posts]
        columns = self._transport.predict(
            signature,
            {name: [*map(_utf8, texts)] for name, texts in {"post": posts, **inputs}.items()},
        )
        missing = [name for name in _OUTPUTS[signature] if name not in columns]
        if missing:
            raise ServerError(
                f"{self._address}: expected the signature {signature} of an exported ECM; the "
                f"response has no {', '.join(missing)}."
            )
        return columns

    def close(self) -> None:
        """Closes the connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
