"""The limits of REST requests, without a server."""

import asyncio
import json
import warnings

import pytest

from export.serve.settings import ServerConfig

pytest.importorskip("ray", reason="the extra `serve` is not installed")
with warnings.catch_warnings(action="ignore"):
    from export.serve import proxy_process
    from export.serve.authentication import HttpAuthentication
    from export.serve.limits import OVERRIDES, HttpLimits

MAX_BYTES = 10
PREDICT = "/v1/models/ecm:predict"
DISCONNECT = {"type": "http.disconnect"}
CONFIG = ServerConfig(
    cpus=2,
    replicas=2,
    max_ongoing=1,
    max_queued=1,
    max_request_bytes=MAX_BYTES,
    timeout_seconds=0.05,
)


def chunks(*parts: bytes, complete: bool = True) -> list[dict]:
    last = len(parts) - 1 if complete else None
    return [
        {"type": "http.request", "body": part, "more_body": number != last}
        for number, part in enumerate(parts)
    ]


class Client:
    """A client, and what the application behind the middleware gets from it.

    Args:
        messages: what `receive` returns, one by one; then it waits.

    Attributes:
        messages: those not received yet.
        sent: the messages of the response.
        scopes: the scopes that the application got.
        received: the first two messages that the application received.
    """

    def __init__(self, messages: list[dict]) -> None:
        self.messages = list(messages)
        self.sent, self.scopes, self.received = [], [], []

    async def receive(self):
        if not self.messages:
            await asyncio.Event().wait()
        return self.messages.pop(0)

    async def send(self, message):
        self.sent.append(message)

    async def call(self, limits: HttpLimits, method="POST", path=PREDICT, headers=()) -> None:
        scope = {"type": "http", "method": method, "path": path, "headers": headers, "client": self}
        await limits(scope, self.receive, self.send)

    def request(self, *arguments, **options) -> None:
        asyncio.run(self.call(HttpLimits(application, CONFIG), *arguments, **options))

    @property
    def error(self) -> tuple[int, str]:
        """The status and the message of the response to a request that was not passed on."""
        assert not self.scopes
        start, body = self.sent
        ((key, message),) = json.loads(body["body"]).items()
        assert key == "error"
        return start["status"], message


async def application(scope, receive, send):
    client = scope["client"]
    client.scopes.append(scope)
    client.received += [await receive(), await receive()]


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_body_with_too_large_a_content_length_is_not_received(method):
    client = Client(chunks(b"x" * 11))
    client.request(method, headers=[(b"content-length", b"11")])
    assert client.error == (413, "body: expected at most 10 bytes, got more.")
    assert len(client.messages) == 1


def test_a_chunked_body_is_received_up_to_the_limit():
    client = Client(chunks(*[b"xxxx"] * 5))
    client.request()
    assert client.error == (413, "body: expected at most 10 bytes, got more.")
    assert len(client.messages) == 2


@pytest.mark.parametrize(
    "parts", [[b""], [b"x" * MAX_BYTES], [b"xx", b"", b"xxx", b"x" * 5], [b"xx", b""]]
)
def test_a_body_is_passed_on_in_one_message_and_then_the_disconnect(parts):
    client = Client([*chunks(*parts), DISCONNECT])
    client.request(headers=[(b"content-length", b"10")])
    assert client.received == [*chunks(b"".join(parts)), DISCONNECT]
    assert client.sent == []


@pytest.mark.parametrize("messages", [[], chunks(b"x", complete=False)])
def test_a_slow_body_is_rejected(messages):
    client = Client(messages)
    client.request()
    assert client.error == (408, "body: expected all of it within 0.05 s, got less.")


def test_a_client_that_disconnects_gets_no_answer():
    client = Client([*chunks(b"x", complete=False), DISCONNECT])
    client.request()
    assert (client.sent, client.scopes) == ([], [])


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/readyz"), ("POST", "/readyz"), ("GET", PREDICT), ("DELETE", "/v1/models/ecm")],
)
def test_the_body_of_other_requests_is_discarded(method, path):
    client = Client([*chunks(*[b"xxxx"] * 5, complete=False), DISCONNECT])
    client.request(method, path)
    assert client.received == [*chunks(b""), DISCONNECT]


def test_headers_that_override_the_limits_are_not_passed_on():
    names = b"x-request-timeout-seconds x-request-disconnect-disabled serve-multiplexed-model-id"
    assert set(names.split()) == OVERRIDES
    kept = [(b"host", b"ecm"), (b"x-request-id", b"1")]
    dropped = [(b"x-request-timeout-seconds", b"0"), (b"x-request-disconnect-disabled", b"?1")]
    dropped += [(b"serve_multiplexed_model_id", b"a"), (b"serve-multiplexed-model-id", b"b")]
    headers = [kept[0], *dropped, kept[1]]
    client = Client([*chunks(b""), DISCONNECT])
    client.request(headers=headers)
    assert client.scopes[0]["headers"] == kept
    assert len(headers) == 6  # The scope of the HTTP server stays as it was.


@pytest.mark.parametrize("kind", ["websocket", "lifespan"])
def test_other_connections_are_passed_on(kind):
    passed = []

    async def application(*arguments):
        passed.append(arguments)

    arguments = ({"type": kind}, object(), object())
    asyncio.run(HttpLimits(application, CONFIG)(*arguments))
    ((scope, receive, send),) = passed
    assert (scope is arguments[0], receive, send) == (True, *arguments[1:])


def test_the_number_of_bodies_that_are_received_is_limited():
    """At most as many as the two replicas and the queue accept."""
    slow = [Client(chunks(b"x", complete=False)) for _ in range(3)]
    refused, health, later = (Client([*chunks(b"x"), DISCONNECT]) for _ in range(3))

    async def requests():
        limits = HttpLimits(application, CONFIG)
        waiting = [asyncio.create_task(client.call(limits)) for client in slow]
        await asyncio.sleep(0)
        await refused.call(limits)
        await health.call(limits, "GET", "/readyz")
        await asyncio.gather(*waiting)
        await later.call(limits)

    asyncio.run(requests())
    assert refused.error == (429, "request: expected at most 3 at a time; try again later.")
    assert [client.error[0] for client in slow] == [408] * 3
    assert (len(health.scopes), len(later.scopes)) == (1, 1)


@pytest.mark.parametrize("protected", [False, True])
def test_the_token_is_checked_before_a_body_is_received(protected, tmp_path, monkeypatch):
    token = tmp_path / "token"
    token.write_text("secret\n")
    config = ServerConfig(token_file=str(token) if protected else None)
    monkeypatch.setattr(proxy_process, "_config", config, raising=False)
    # Ray Serve wraps its application in them one by one, so the last one gets requests first.
    classes = [middleware.cls for middleware in proxy_process.http_middlewares()]
    assert classes == [HttpLimits, HttpAuthentication][: 1 + protected]
