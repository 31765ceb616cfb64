"""Errors that a request is answered with, as gRPC codes and HTTP statuses."""

from grpc import StatusCode

HTTP_STATUS = {
    StatusCode.INVALID_ARGUMENT: 400,
    StatusCode.NOT_FOUND: 404,
    StatusCode.OUT_OF_RANGE: 413,
    StatusCode.UNAVAILABLE: 503,
}
"""TF Serving's mapping; OUT_OF_RANGE stands for a body that is too large."""


class RequestError(Exception):
    """A request is invalid or cannot be answered at the moment.

    Args:
        code: a key of `HTTP_STATUS`.
        message: one sentence for the client.
    """

    def __init__(self, code: StatusCode, message: str) -> None:
        super().__init__(code, message)  # Pickling needs both arguments.
        self.code = code
        self.message = message
