"""Requests of a started server to itself: is a version loaded, and are TLS and token in effect?"""

import http.client
import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from ecm_tf.core.errors import InputError
from export.serve.settings import ServerConfig
from export.token_file import read_token

TIMEOUT_SECONDS = 10
LOOPBACK_OF_ALL = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""The loopback addresses of a server that listens on all interfaces."""
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


def check_ready(base: Path, config: ServerConfig) -> None:
    """Checks the REST API of a server that was started on this machine.

    Args:
        base: directory with the versions, for error messages.
        config: settings of the server.

    Raises:
        InputError: no version is loaded, or TLS and token are not those of the settings. A Ray
            Serve that already ran on a cluster keeps those it was started with.
    """
    headers = {}
    if config.token_file is not None:
        headers["Authorization"] = f"Bearer {read_token(Path(config.token_file))}"
    path = f"/v1/models/{config.model}"
    try:
        ready, _ = _get(config, "/readyz")
        status, content = _get(config, path, headers)
        without_token, _ = _get(config, path)
    except (OSError, http.client.HTTPException) as error:
        raise _other_server(config, str(error)) from error
    if (status, without_token) != (200, 401 if config.protected else 200):
        raise _other_server(config, f"status {status}, and {without_token} without a token")
    if ready != 200:
        reasons = [
            f"version {state['version']}: {state['status']['error_message']}"
            for state in json.loads(content)["model_version_status"]
        ]
        reason = "; ".join(reasons) or "the replicas find none; all machines need them at this path"
        raise InputError(f"{base}: no version can be loaded; {reason.rstrip('.')}.")


def _get(
    config: ServerConfig, path: str, headers: Mapping[str, str] = _NO_HEADERS
) -> tuple[int, bytes]:
    """Returns the status and the body; proxies of the environment are not used."""
    host = LOOPBACK_OF_ALL.get(config.host, config.host)
    if config.tls_cert is None:
        connection = http.client.HTTPConnection(host, config.rest_port, timeout=TIMEOUT_SECONDS)
    else:
        connection = http.client.HTTPSConnection(
            host,
            config.rest_port,
            timeout=TIMEOUT_SECONDS,
            context=_only_trusting(Path(config.tls_cert)),
        )
    try:
        connection.request("GET", path, headers=dict(headers))
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def _only_trusting(cert: Path) -> ssl.SSLContext:
    """Returns a context that trusts one certificate, whatever host name it is for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cert)
    # The certificate need not be that of an authority.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _other_server(config: ServerConfig, reason: str) -> InputError:
    return InputError(
        f"{config.address(config.rest_port)}: expected a server with these TLS and token settings, "
        f"got {reason}; if Ray Serve was already running on the cluster, stop it first "
        "(`serve shutdown`)."
    )
