"""One prediction request over REST or gRPC: columns of strings in, columns of outputs back."""

import json
import random
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ReadTimeoutError,
)
from urllib3.response import BaseHTTPResponse
from urllib3.util import Retry

from ecm_tf.core.errors import InputError
from export.proxies import is_loopback, new_session

MAX_ATTEMPTS = 5
FIRST_WAIT_SECONDS = 0.2
"""Wait before the second attempt; it doubles before each further one."""
BUSY_STATUSES = (429, 503)
"""HTTP statuses of a server that has not begun to compute: repeating the request is safe."""
LOST_STATUSES = (500, 502)
"""HTTP statuses of a server that lost the process that computed the reply.

Predictions have no side effects, but the request itself may have ended the process: it is repeated
only once, so that it cannot end one process after the other. 504 is a timeout and not repeated.
"""
BUSY_CODES = ("UNAVAILABLE", "RESOURCE_EXHAUSTED")
"""gRPC status codes with the meaning of `BUSY_STATUSES`."""
LOST_CODES = ("INTERNAL",)
"""gRPC status codes with the meaning of `LOST_STATUSES`."""

Columns = dict[str, list[Any]]


class ServerError(InputError):
    """The server did not respond or rejected the request; the message gives address and reason."""


class Transport(Protocol):
    """Connection that a `Client` sends its requests through."""

    def predict(self, signature: str, inputs: Mapping[str, Sequence[str]]) -> Columns:
        """Calls a signature of the served model.

        Args:
            signature: name of the signature.
            inputs: one column of strings per input, all of the same length.

        Returns:
            One column per output, with one entry per row; strings are decoded.

        Raises:
            ServerError: the server did not respond in time or rejected the request.
        """

    def close(self) -> None:
        """Closes the connections."""


def connect(address: str, model: str, version: int | None, timeout: float) -> Transport:
    """Creates the transport for an address's scheme: `http`, `https` or `grpc`.

    Args:
        address: as for `Client`.
        model: name of the served model.
        version: version to request; None for the newest.
        timeout: seconds to wait for the response to each attempt.

    Raises:
        InputError: the scheme is none of these, or host or port is missing.
    """
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise InputError(f"{address}: expected an address with a valid port; {error}.") from error
    if parts.scheme in ("http", "https") and parts.hostname:
        return RestTransport(address, model, version, timeout)
    if parts.scheme == "grpc" and parts.hostname and port:
        return GrpcTransport(parts.netloc, model, version, timeout)
    raise InputError(
        f"{address}: expected http://HOST:PORT, https://HOST:PORT or grpc://HOST:PORT."
    )


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
        if isinstance(error, ReadTimeoutError):
            raise error
        policy = self
        # A refused connection is a subclass of the timeout, but is worth another attempt.
        if isinstance(error, ConnectTimeoutError) and not isinstance(error, NewConnectionError):
            policy = self.new(total=0)
        lost = [entry for entry in self.history if entry.status in LOST_STATUSES]
        if response is not None and response.status in LOST_STATUSES and lost:
            policy = self.new(total=0)
        return super(_Retry, policy).increment(method, url, response, error, _pool, _stacktrace)


class RestTransport:
    """TF Serving's REST API, in its column format.

    Args:
        address: `http://host:port` or `https://host:port`, optionally with a path before `/v1`.
        model: name of the served model.
        version: version to request; None for the newest.
        timeout: seconds to wait for a connection, and then for the response, at each attempt.
    """

    def __init__(self, address: str, model: str, version: int | None, timeout: float) -> None:
        self._address, self._timeout = address, timeout
        version_path = "" if version is None else f"/versions/{version}"
        self._url = f"{address.rstrip('/')}/v1/models/{model}{version_path}:predict"
        self._session = new_session(urlsplit(address).hostname)
        retry = _Retry(
            total=MAX_ATTEMPTS - 1,
            backoff_factor=FIRST_WAIT_SECONDS,
            backoff_jitter=FIRST_WAIT_SECONDS,
            status_forcelist=(*BUSY_STATUSES, *LOST_STATUSES),
            allowed_methods=None,
            raise_on_status=False,
        )
        retry.max_wait = timeout
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry))

    def predict(self, signature: str, inputs: Mapping[str, Sequence[str]]) -> Columns:
        """Calls a signature; see `Transport.predict`."""
        columns = {name: list(column) for name, column in inputs.items()}
        body: Any = {"signature_name": signature, "inputs": columns}
        try:
            with self._session.post(
                self._url, json=body, timeout=self._timeout, stream=True
            ) as response:
                data = self._read(response)
        except (requests.Timeout, ReadTimeoutError) as error:
            raise ServerError(
                f"{self._address}: expected a response within {self._timeout:g} s, got none."
            ) from error
        except (requests.RequestException, HTTPError) as error:
            raise ServerError(f"{self._address}: the connection to the server failed.") from error
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
        return content["outputs"]

    def _read(self, response: requests.Response) -> bytes:
        """Returns the body; the timeout of `requests` is only that between two parts of it."""
        deadline = time.monotonic() + self._timeout
        data = bytearray()
        while part := response.raw.read1(decode_content=True):
            data += part
            if time.monotonic() > deadline:
                raise requests.Timeout
        return bytes(data)

    def close(self) -> None:
        """Closes the connections."""
        self._session.close()


class GrpcTransport:
    """TF Serving's gRPC API, `PredictionService.Predict`.

    Args:
        target: `host:port`.
        model: name of the served model.
        version: version to request; None for the newest.
        timeout: seconds to wait for the response to each attempt.
    """

    def __init__(self, target: str, model: str, version: int | None, timeout: float) -> None:
        import grpc
        from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

        self._target, self._model, self._version = target, model, version
        self._timeout = timeout
        # The proxies of the environment do not reach this machine.
        direct = is_loopback(urlsplit(f"//{target}").hostname)
        options = [("grpc.enable_http_proxy", 0)] if direct else []
        self._channel = grpc.insecure_channel(target, options)
        self._stub = PredictionServiceStub(self._channel)

    def predict(self, signature: str, inputs: Mapping[str, Sequence[str]]) -> Columns:
        """Calls a signature; see `Transport.predict`."""
        import grpc
        import tensorflow as tf
        from tensorflow_serving.apis.predict_pb2 import PredictRequest

        request = PredictRequest()
        request.model_spec.name = self._model
        request.model_spec.signature_name = signature
        if self._version is not None:
            request.model_spec.version.value = self._version
        for name, column in inputs.items():
            shape = [len(column)]
            tensor = tf.make_tensor_proto(list(column), dtype=tf.string, shape=shape)
            request.inputs[name].CopyFrom(tensor)
        waits = [FIRST_WAIT_SECONDS * 2**attempt for attempt in range(MAX_ATTEMPTS - 1)]
        lost = 0
        for wait in [*waits, None]:
            try:
                response = self._stub.Predict(request, timeout=self._timeout)
                break
            except grpc.RpcError as error:
                code = error.code().name
                lost += code in LOST_CODES
                if code not in (*BUSY_CODES, *LOST_CODES) or wait is None or lost > 1:
                    raise ServerError(
                        f"grpc://{self._target}: {code}, {error.details()}"
                    ) from error
                # gRPC's own retries do not cover calls that the server has begun to answer.
                time.sleep(wait + random.uniform(0, FIRST_WAIT_SECONDS))
        return {
            name: _decoded(tf.make_ndarray(tensor).tolist())
            for name, tensor in response.outputs.items()
        }

    def close(self) -> None:
        """Closes the connection."""
        self._channel.close()


def _decoded(value: Any) -> Any:
    """Returns a nested list with its byte strings decoded as UTF-8."""
    if isinstance(value, list):
        return [_decoded(entry) for entry in value]
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else value
