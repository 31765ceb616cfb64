"""What the REST and gRPC transports share: the server's address, retries and errors."""

import re
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import SplitResult, urlsplit

import msgspec

from ecm_tf.core.errors import InputError
from ecm_tf.core.fields import ModelName, describe
from ecm_tf.core.files import reading
from export.addresses import is_this_machine

ADDRESSES = "http://HOST:PORT or https://HOST:PORT (REST), grpc://HOST:PORT or grpcs://HOST:PORT"
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
TOO_LARGE = "larger than max"
"""In the details of RESOURCE_EXHAUSTED: the message exceeds a size limit, so it always fails."""

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


@dataclass(frozen=True)
class Target:
    """The model that a client requests, and how it connects to the server.

    Attributes:
        address: `http://host:port` or `https://host:port`, optionally with a path before `/v1`;
            `grpc://host:port` or `grpcs://host:port`.
        model: name of the served model.
        version: version to request; None for the newest.
        timeout: seconds to wait for the response to each attempt.
        ca_cert: PEM file with the certificates to trust; None for the usual authorities.
        token: bearer token; None if the server needs none.

    Raises:
        InputError: the address or the name has another form, the certificates cannot be read, or
            the token would leave this machine without encryption.
    """

    address: str
    model: str
    version: int | None
    timeout: float
    ca_cert: Path | None = None
    token: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        try:
            parts, port = self.parts, self.parts.port
        except ValueError as error:
            raise InputError(
                f"{self.address}: expected an address with a valid port; {error}."
            ) from error
        complete = parts.hostname and (port or not self.uses_grpc)
        more = parts.query or parts.fragment or (self.uses_grpc and parts.path.strip("/"))
        if parts.scheme not in ("http", "https", "grpc", "grpcs") or not complete or more:
            raise InputError(f"{self.address}: expected {ADDRESSES}.")
        if parts.username is not None:
            raise InputError(
                f"{parts.hostname}: expected an address without a user name and a password."
            )
        try:
            msgspec.convert(self.model, ModelName)
        except msgspec.ValidationError as error:
            raise InputError(
                f"--model: expected {describe(ModelName)}, got {self.model!r}."
            ) from error
        if self.ca_cert is not None:
            self._check_certificates(self.ca_cert)
        if self.token is not None and not self.encrypted and not is_this_machine(parts.hostname):
            raise InputError(
                f"{self.address}: expected https:// or grpcs://, because the token would be sent "
                "without encryption."
            )

    def _check_certificates(self, path: Path) -> None:
        if not self.encrypted:
            raise InputError(f"{self.address}: expected https:// or grpcs:// with --ca_cert.")
        expected = "certificates in PEM format"
        try:
            with reading(path, expected):
                path.read_bytes()
            ssl.create_default_context(cafile=path)
        except ssl.SSLError as error:
            raise InputError(f"{path}: expected {expected}, got a file without any.") from error

    @property
    def parts(self) -> SplitResult:
        """The parts of the address."""
        return urlsplit(self.address)

    @property
    def uses_grpc(self) -> bool:
        """Whether requests use gRPC, not REST."""
        return self.parts.scheme in ("grpc", "grpcs")

    @property
    def encrypted(self) -> bool:
        """Whether the connection uses TLS."""
        return self.parts.scheme in ("https", "grpcs")


def tls_error(address: str, details: str) -> ServerError:
    """Returns the error of a failed TLS handshake.

    Args:
        address: address of the server.
        details: the words of OpenSSL or gRPC.
    """
    found = re.search(r"(?i)certificate[ _]verify[ _]failed: (.*?)\.?(: OK|$| \(_ssl)", details)
    if found:
        return ServerError(
            f"{address}: the server's certificate is not trusted: {found[1]}; --ca_cert FILE names "
            "certificates to trust."
        )
    return ServerError(f"{address}: expected a server with TLS; the handshake failed.")
