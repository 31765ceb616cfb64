"""The check of the token, without a server."""

import asyncio

import pytest

pytest.importorskip("starlette", reason="the extra `serve` is not installed")
from export.serve.authentication import HttpAuthentication, permits

TOKEN = "secret"


@pytest.mark.parametrize(
    ("authorization", "permitted"),
    [
        ("Bearer secret", True),
        ("bearer secret", True),
        ("Bearer  secret", False),
        ("Bearer sécret", False),
        ("Bearer ", False),
        ("Basic secret", False),
        ("secret", False),
        ("", False),
    ],
)
def test_only_the_token_permits(authorization, permitted):
    assert permits(TOKEN, authorization) == permitted


@pytest.mark.parametrize(
    ("kind", "path", "header", "first"),
    [
        ("websocket", "/", None, {"type": "websocket.close", "code": 1000, "reason": ""}),
        ("websocket", "/", b"Bearer secret", "passed on"),
        ("http", "/readyz", None, "passed on"),
        ("http", "/v1/models/ecm", b"Bearer secret", "passed on"),
    ],
)
def test_connections_without_the_token_are_not_passed_on(kind, path, header, first):
    sent = []

    async def application(scope, receive, send):
        sent.append("passed on")

    async def send(message):
        sent.append(message)

    headers = [(b"authorization", header)] if header else []
    scope = {"type": kind, "path": path, "headers": headers}
    asyncio.run(HttpAuthentication(application, TOKEN)(scope, None, send))
    assert sent == [first]
