"""Errors that a request is answered with, as gRPC codes and HTTP statuses."""

from grpc import StatusCode

HTTP_STATUS = {
    StatusCode.INVALID_ARGUMENT: 400,
    StatusCode.NOT_FOUND: 404,
    StatusCode.DEADLINE_EXCEEDED: 408,
    StatusCode.OUT_OF_RANGE: 413,
    StatusCode.RESOURCE_EXHAUSTED: 429,
    StatusCode.UNAVAILABLE: 503,
}
"""TF Serving's mapping, and Ray Serve's statuses for timeouts (408) and overload (429).

OUT_OF_RANGE stands for a body that is too large.
"""

MAX_MESSAGE_CHARACTERS = 300
"""Length to which messages are cut, because they repeat parts of the request.

gRPC clients reject trailers of more than 8 kB, in which a character may take 12 bytes.
"""


def cut(message: str) -> str:
    """Returns a message with at most `MAX_MESSAGE_CHARACTERS`.

    Args:
        message: one sentence for the client.
    """
    if len(message) <= MAX_MESSAGE_CHARACTERS:
        return message
    return message[: MAX_MESSAGE_CHARACTERS - 1] + "…"


class RequestError(Exception):
    """A request is invalid or cannot be answered at the moment.

    Args:
        code: a key of `HTTP_STATUS`.
        message: one sentence for the client; a long one is cut.
    """

    def __init__(self, code: StatusCode, message: str) -> None:
        message = cut(message)
        super().__init__(code, message)  # Pickling needs both arguments.
        self.code = code
        self.message = message


def too_many_posts(maximum: int, number: int) -> RequestError:
    """Returns the error of a request with more posts than `--max_posts`.

    Args:
        maximum: maximum number of posts of a request.
        number: number of posts of the request.
    """
    return RequestError(
        StatusCode.INVALID_ARGUMENT, f"request: expected at most {maximum} posts, got {number}."
    )
