"""One prediction, over REST or gRPC: columns of strings in, columns out."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from ecm_tf.core.errors import InputError

ATTEMPTS = 5
"""Tries in all, where another may help; waits double from `FIRST_WAIT`."""
FIRST_WAIT = 0.2
"""Seconds."""
BUSY = (429, 500, 502, 503, 504)
"""HTTP statuses worth another try. 500 is what a server says whose process died while it answered:
asking again changes nothing but the answer."""
BUSY_CODES = ("UNAVAILABLE", "RESOURCE_EXHAUSTED", "INTERNAL")
"""The same, of gRPC."""

Columns = dict[str, list[Any]]


class ServerError(InputError):
    """No server answered, or it refused; the message says where and why."""


class Transport(Protocol):
    """What a `Client` needs."""

    def predict(self, signature: str, inputs: Mapping[str, Sequence[str]]) -> Columns:
        """Calls a signature.

        Args:
            signature: its name.
            inputs: a column of strings for each input.

        Returns:
            A column for each output, an entry a row; strings are decoded.

        Raises:
            ServerError: no answer, or a refusal.
        """

    def close(self) -> None:
        """Gives connections back."""


def connect(address: str, model: str, version: int | None, timeout: float) -> Transport:
    """A transport by the address's scheme: `http`, `https` or `grpc`.

    Raises:
        InputError: another scheme, or no host.
    """
    parts = urlsplit(address)
    if parts.scheme in ("http", "https") and parts.hostname:
        return RestTransport(address, model, version, timeout)
    if parts.scheme == "grpc" and parts.hostname and parts.port:
        return GrpcTransport(parts.netloc, model, version, timeout)
    raise InputError(
        f"{address}: expected http://HOST:PORT, https://HOST:PORT or grpc://HOST:PORT."
    )


class RestTransport:
    """TF Serving's REST, in its column format.

    Args:
        address: `http://host:port`, perhaps with a path in front of `/v1`.
        model: the served model's name.
        version: a version of it; None: the newest.
        timeout: seconds, for each try.
    """

    def __init__(self, address: str, model: str, version: int | None, timeout: float) -> None:
        self._address, self._timeout = address, timeout
        of_version = "" if version is None else f"/versions/{version}"
        self._url = f"{address.rstrip('/')}/v1/models/{model}{of_version}:predict"
        self._session = requests.Session()
        retry = Retry(
            total=ATTEMPTS - 1,
            backoff_factor=FIRST_WAIT,
            status_forcelist=BUSY,
            allowed_methods=None,
            raise_on_status=False,
        )
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry))

    def predict(self, signature: str, inputs: Mapping[str, Sequence[str]]) -> Columns:
        """See `Transport`."""
        columns = {name: list(column) for name, column in inputs.items()}
        body: Any = {"signature_name": signature, "inputs": columns}
        try:
            answer = self._session.post(self._url, json=body, timeout=self._timeout)
        except requests.Timeout as error:
            raise ServerError(f"{self._address}: no answer in {self._timeout:g} s.") from error
        except requests.RequestException as error:
            raise ServerError(f"{self._address}: no server answers there.") from error
        try:
            content = answer.json()
        except ValueError as error:
            got = f"status {answer.status_code} and {answer.text[:60]!r}"
            raise ServerError(f"{self._url}: expected JSON, got {got}.") from error
        if not answer.ok:
            reason = content.get("error", content) if isinstance(content, dict) else content
            raise ServerError(f"{self._url}: status {answer.status_code}, {reason}")
        return content["outputs"]

    def close(self) -> None:
        """See `Transport`."""
        self._session.close()


class GrpcTransport:
    """TF Serving's gRPC: `PredictionService.Predict`.

    Args:
        target: `host:port`.
        model, version: as for `RestTransport`.
        timeout: seconds, for each try.
    """

    def __init__(self, target: str, model: str, version: int | None, timeout: float) -> None:
        import grpc
        from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

        self._target, self._model, self._version = target, model, version
        self._timeout = timeout
        self._channel = grpc.insecure_channel(target)
        self._stub = PredictionServiceStub(self._channel)

    def predict(self, signature: str, inputs: Mapping[str, Sequence[str]]) -> Columns:
        """See `Transport`."""
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
        for wait in [*(FIRST_WAIT * 2**tried for tried in range(ATTEMPTS - 1)), None]:
            try:
                answer = self._stub.Predict(request, timeout=self._timeout)
                break
            except grpc.RpcError as error:
                code = error.code().name
                if code not in BUSY_CODES or wait is None:
                    raise ServerError(
                        f"grpc://{self._target}: {code}, {error.details()}"
                    ) from error
                # gRPC itself would not try again what has begun to be answered.
                time.sleep(wait)
        return {
            name: _decoded(tf.make_ndarray(tensor).tolist())
            for name, tensor in answer.outputs.items()
        }

    def close(self) -> None:
        """See `Transport`."""
        self._channel.close()


def _decoded(entry: Any) -> Any:
    if isinstance(entry, list):
        return [_decoded(part) for part in entry]
    return entry.decode("utf-8", errors="replace") if isinstance(entry, bytes) else entry
