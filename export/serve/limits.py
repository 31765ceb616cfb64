"""The limits of REST requests, which Ray Serve's proxy applies before it passes a request on.

Ray Serve itself stores a body of any size until a replica takes the request, and lets a client
override the timeout.
"""

import asyncio

from grpc import StatusCode
from ray.serve._private.constants import (
    SERVE_HTTP_REQUEST_DISCONNECT_DISABLED_HEADER,
    SERVE_HTTP_REQUEST_TIMEOUT_S_HEADER,
    SERVE_MULTIPLEXED_MODEL_ID,
)
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from export.serve.errors import HTTP_STATUS, RequestError
from export.serve.settings import ServerConfig

OVERRIDES = {
    name.replace("_", "-").encode()
    for name in (
        SERVE_HTTP_REQUEST_TIMEOUT_S_HEADER,
        SERVE_HTTP_REQUEST_DISCONNECT_DISABLED_HEADER,
        SERVE_MULTIPLEXED_MODEL_ID,
    )
}
"""Headers of Ray Serve that a client must not set.

They switch off the timeout and the cancellation of a request, and name one of several models: the
proxy keeps each name forever. Underscores in their names count as hyphens.
"""


class HttpLimits:
    """ASGI middleware that receives the body of a request within the limits of the server.

    Only predict requests have a body; that of another request is discarded.

    Args:
        app: the application, which gets the whole body in one message.
        config: settings of the server.
    """

    def __init__(self, app: ASGIApp, config: ServerConfig) -> None:
        self._app, self._config = app, config
        # As many as the replicas and the queue accept, so that memory is bounded here, too.
        self._max_receiving = config.replicas * config.max_ongoing + config.max_queued
        self._receiving = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, without the headers `OVERRIDES`, or rejects it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            body = await self._body(Request(scope, receive))
        except ClientDisconnect:
            return
        except RequestError as error:
            response = JSONResponse({"error": error.message}, HTTP_STATUS[error.code])
            await response(scope, receive, send)
            return
        headers = [
            (name, value)
            for name, value in scope["headers"]
            if name.replace(b"_", b"-") not in OVERRIDES
        ]
        await self._app({**scope, "headers": headers}, _replay(body, receive), send)

    async def _body(self, request: Request) -> bytes:
        """Returns the body of a predict request, and an empty one for other requests.

        Raises:
            ClientDisconnect: the client disconnected before it had sent the body.
            RequestError: the body is too large or takes too long, or too many others are being
                received.
        """
        # The HTTP server accepts only decimal digits in this header.
        if int(request.headers.get("content-length", "0")) > self._config.max_request_bytes:
            raise self._too_large()
        if request.method != "POST" or not request.scope["path"].endswith(":predict"):
            return b""
        if self._receiving == self._max_receiving:
            raise RequestError(
                StatusCode.RESOURCE_EXHAUSTED,
                f"request: expected at most {self._max_receiving} at a time; try again later.",
            )
        self._receiving += 1
        try:
            async with asyncio.timeout(self._config.timeout_seconds):
                return await self._read(request)
        except TimeoutError as error:
            raise RequestError(
                StatusCode.DEADLINE_EXCEEDED,
                f"body: expected all of it within {self._config.timeout_seconds:g} s, got less.",
            ) from error
        finally:
            self._receiving -= 1

    async def _read(self, request: Request) -> bytes:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > self._config.max_request_bytes:
                raise self._too_large()
        return bytes(body)

    def _too_large(self) -> RequestError:
        return RequestError(
            StatusCode.OUT_OF_RANGE,
            f"body: expected at most {self._config.max_request_bytes} bytes, got more.",
        )


def _replay(body: bytes, receive: Receive) -> Receive:
    """Returns a `receive` that returns a body in one message, then waits for the disconnect.

    Args:
        body: the body.
        receive: the client's `receive`; what it still returns of an unread body is discarded.
    """
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        if messages:
            return messages.pop()
        while (message := await receive())["type"] != "http.disconnect":
            pass
        return message

    return replayed
