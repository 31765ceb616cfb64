"""What a request may be told, in the words of gRPC and of HTTP."""

from grpc import StatusCode

HTTP_STATUS = {
    StatusCode.INVALID_ARGUMENT: 400,
    StatusCode.NOT_FOUND: 404,
    StatusCode.OUT_OF_RANGE: 413,
    StatusCode.UNAVAILABLE: 503,
}
"""As TF Serving maps them; OUT_OF_RANGE is a body that is too large."""


class RequestError(Exception):
    """A request cannot be answered, by its own fault or for now.

    Args:
        code: a key of `HTTP_STATUS`.
        message: one sentence for who asked.
    """

    def __init__(self, code: StatusCode, message: str) -> None:
        super().__init__(code, message)  # Both, so that it can be pickled.
        self.code = code
        self.message = message
