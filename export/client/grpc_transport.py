"""Requests over TF Serving's gRPC API."""

import random
import time
from collections.abc import Mapping, Sequence
from typing import Any

from export.addresses import is_this_machine
from export.client import transport
from export.client.transport import Columns, ServerError, Target, tls_error


class GrpcTransport:
    """TF Serving's gRPC API, `PredictionService.Predict`.

    Args:
        target: the server and the model.
    """

    def __init__(self, target: Target) -> None:
        import grpc
        from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

        self._target = target
        self._metadata = [("authorization", f"Bearer {target.token}")] if target.token else []
        # The proxies of the environment do not reach this machine.
        direct = is_this_machine(target.parts.hostname)
        options = [("grpc.enable_http_proxy", 0)] if direct else []
        host = target.parts.netloc
        if target.encrypted:
            trusted = None if target.ca_cert is None else target.ca_cert.read_bytes()
            credentials = grpc.ssl_channel_credentials(trusted)
            self._channel = grpc.secure_channel(host, credentials, options)
        else:
            self._channel = grpc.insecure_channel(host, options)
        self._stub = PredictionServiceStub(self._channel)

    def predict(self, signature: str, inputs: Mapping[str, Sequence[str]]) -> Columns:
        """Calls a signature; see `Transport.predict`."""
        import grpc
        import tensorflow as tf
        from tensorflow_serving.apis.predict_pb2 import PredictRequest

        request = PredictRequest()
        request.model_spec.name = self._target.model
        request.model_spec.signature_name = signature
        if self._target.version is not None:
            request.model_spec.version.value = self._target.version
        for name, column in inputs.items():
            shape = [len(column)]
            tensor = tf.make_tensor_proto(list(column), dtype=tf.string, shape=shape)
            request.inputs[name].CopyFrom(tensor)
        waits = [
            transport.FIRST_WAIT_SECONDS * 2**attempt
            for attempt in range(transport.MAX_ATTEMPTS - 1)
        ]
        lost = 0
        for wait in [*waits, None]:
            try:
                response = self._stub.Predict(
                    request, timeout=self._target.timeout, metadata=self._metadata
                )
                break
            except grpc.RpcError as error:
                code, details = error.code().name, error.details() or ""
                if "handshake failed" in details.lower():
                    raise tls_error(self._target.address, details) from error
                lost += code in transport.LOST_CODES
                repeatable = code in (*transport.BUSY_CODES, *transport.LOST_CODES)
                if not repeatable or transport.TOO_LARGE in details or wait is None or lost > 1:
                    if code == "UNAVAILABLE" and not self._target.encrypted:
                        details += " (a server with TLS expects grpcs://)"
                    raise ServerError(f"{self._target.address}: {code}, {details}") from error
                # gRPC's own retries do not cover calls that the server has begun to answer.
                time.sleep(wait + random.uniform(0, transport.FIRST_WAIT_SECONDS))
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
