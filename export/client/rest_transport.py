"""Requests over TF Serving's REST API."""

import json
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.response import BaseHTTPResponse
from urllib3.util import Retry

from export.client import transport
from export.client.transport import Columns, ServerError, Target, tls_error
from export.sessions import new_session


class _Retry(Retry):
    """Retry policy that repeats failed requests, but not those that timed out.

    Attributes:
        max_wait: maximum number of seconds to wait because of a `Retry-After` header.
    """

    max_wait = 0.0

    def new(self, **settings: Any) -> Self:
        """Returns a copy with other settings."""
        policy = super().new(**settings)
        policy.max_wait = self.max_wait
        return policy

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        """Returns the seconds of the `Retry-After` header, at most `max_wait`."""
        seconds = super().get_retry_after(response)
        return None if seconds is None else min(seconds, self.max_wait)

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        """Returns the policy for the next attempt, or raises the error if there is to be none."""
        if isinstance(error, ReadTimeoutError | SSLError):
            raise error
        policy = self
        # A refused connection is a subclass of the timeout, but is worth another attempt.
        if isinstance(error, ConnectTimeoutError) and not isinstance(error, NewConnectionError):
            policy = self.new(total=0)
        lost = [entry for entry in self.history if entry.status in transport.LOST_STATUSES]
        if response is not None and response.status in transport.LOST_STATUSES and lost:
            policy = self.new(total=0)
        return super(_Retry, policy).increment(method, url, response, error, _pool, _stacktrace)


class _BearerToken(AuthBase):
    """Adds the token to requests; `requests` then does not replace it by a password of `.netrc`."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class RestTransport:
    """TF Serving's REST API, in its column format.

    Args:
        target: the server and the model.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        version = "" if target.version is None else f"/versions/{target.version}"
        self._url = f"{target.address.rstrip('/')}/v1/models/{target.model}{version}:predict"
        self._session = new_session(target.parts.hostname)
        if target.token is not None:
            self._session.auth = _BearerToken(target.token)
        retry = _Retry(
            total=transport.MAX_ATTEMPTS - 1,
            backoff_factor=transport.FIRST_WAIT_SECONDS,
            backoff_jitter=transport.FIRST_WAIT_SECONDS,
            status_forcelist=(*transport.BUSY_STATUSES, *transport.LOST_STATUSES),
            allowed_methods=None,
            raise_on_status=False,
        )
        retry.max_wait = target.timeout
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry))

    def predict(self, signature: str, inputs: Mapping[str, Sequence[str]]) -> Columns:
        """Calls a signature; see `Transport.predict`."""
        columns = {name: list(column) for name, column in inputs.items()}
        body: Any = {"signature_name": signature, "inputs": columns}
        # Of the session, `requests` lets the environment replace it.
        verify = None if self._target.ca_cert is None else str(self._target.ca_cert)
        try:
            with self._session.post(
                self._url, json=body, timeout=self._target.timeout, stream=True, verify=verify
            ) as response:
                data = self._read(response)
        except (requests.Timeout, ReadTimeoutError) as error:
            raise ServerError(
                f"{self._target.address}: expected a response within {self._target.timeout:g} s, "
                "got none."
            ) from error
        except requests.exceptions.SSLError as error:
            raise tls_error(self._target.address, str(error)) from error
        except (requests.RequestException, HTTPError) as error:
            hint = "" if self._target.encrypted else " (a server with TLS expects https://)"
            raise ServerError(
                f"{self._target.address}: the connection to the server failed{hint}."
            ) from error
        try:
            content = json.loads(data)
        except ValueError as error:
            raise ServerError(
                f"{self._url}: expected JSON, got status {response.status_code} and "
                f"{data[:60].decode('utf-8', 'replace')!r}."
            ) from error
        if not response.ok:
            reason = content.get("error", content) if isinstance(content, dict) else content
            raise ServerError(f"{self._url}: status {response.status_code}, {reason}")
        outputs = content.get("outputs") if isinstance(content, dict) else None
        if not isinstance(outputs, dict):
            raise ServerError(
                f"{self._url}: expected the outputs of a model, got "
                f"{data[:60].decode('utf-8', 'replace')!r}."
            )
        return outputs

    def _read(self, response: requests.Response) -> bytes:
        """Returns the body; the timeout of `requests` is only that between two parts of it."""
        deadline = time.monotonic() + self._target.timeout
        data = bytearray()
        while part := response.raw.read1(decode_content=True):
            data += part
            if time.monotonic() > deadline:
                raise requests.Timeout
        return bytes(data)

    def close(self) -> None:
        """Closes the connections."""
        self._session.close()
