"""The bearer token of both APIs, which Ray Serve's proxy checks before it passes a request on."""

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

OPEN_PATHS = ("/-/healthz", "/readyz")
"""Paths of the REST API that need no token."""
OPEN_SERVICE = "/grpc.health.v1.Health/"
"""Prefix of the gRPC methods that need no token."""
REJECTION = "authorization: expected `Bearer TOKEN` with the token of this server."


def permits(token: str, authorization: str) -> bool:
    """Tells whether an `Authorization` header carries the token, in constant time.

    Args:
        token: the server's token.
        authorization: value of the header or metadata entry; empty if there is none.
    """
    scheme, _, given = authorization.partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.encode(), token.encode())


class HttpAuthentication:
    """ASGI middleware that answers requests without the token with status 401.

    Args:
        app: the application.
        token: the server's token.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on or rejects it."""
        authorization = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
        answer: ASGIApp
        if scope["path"] in OPEN_PATHS or permits(self._token, authorization):
            answer = self._app
        elif scope["type"] == "websocket":
            answer = WebSocketClose()
        else:
            answer = JSONResponse({"error": REJECTION}, 401, {"WWW-Authenticate": "Bearer"})
        await answer(scope, receive, send)


class GrpcAuthentication(grpc.aio.ServerInterceptor):
    """Interceptor that ends calls without the token with UNAUTHENTICATED.

    Args:
        token: the server's token.
    """

    def __init__(self, token: str) -> None:
        self._token = token

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Returns the method's handler, or one that rejects the call."""
        metadata = dict(handler_call_details.invocation_metadata)
        if handler_call_details.method.startswith(OPEN_SERVICE) or permits(
            self._token, metadata.get("authorization", "")
        ):
            return await continuation(handler_call_details)
        # A handler of streams rejects calls of every kind before it reads a message.
        return grpc.stream_stream_rpc_method_handler(_reject)


async def _reject(_: Any, context: grpc.aio.ServicerContext) -> None:
    await context.abort(grpc.StatusCode.UNAUTHENTICATED, REJECTION)
