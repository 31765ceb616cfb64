"""Checks of the certificate, key and token that a server is started with."""

import ssl
from pathlib import Path

from ecm_tf.core.errors import InputError
from ecm_tf.core.files import reading
from export.serve.settings import ServerConfig
from export.token_file import read_token


def check(config: ServerConfig) -> None:
    """Checks the files that the settings name.

    Args:
        config: settings of the server.

    Raises:
        InputError: a file is missing, unreadable or of another form, or the key is not that of the
            certificate.
    """
    for name in (config.tls_cert, config.tls_key, config.token_file):
        # Ray's processes read the files again.
        if name is not None and Path(name).exists() and not Path(name).is_file():
            raise InputError(f"{name}: expected a regular file.")
    if config.tls_cert is not None and config.tls_key is not None:
        _check_pair(Path(config.tls_cert), Path(config.tls_key))
    if config.token_file is not None:
        read_token(Path(config.token_file))


def _check_pair(cert: Path, key: Path) -> None:
    expected = {cert: "a certificate in PEM format", key: "a key in PEM format"}
    for path, content in expected.items():
        with reading(path, content):
            path.read_bytes()
    encrypted = []

    def no_passphrase() -> str:
        encrypted.append(key)
        return ""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_verify_locations(cert)
    except ssl.SSLError as error:
        raise InputError(f"{cert}: expected {expected[cert]}, got a file without one.") from error
    try:
        context.load_cert_chain(cert, key, no_passphrase)
    except ssl.SSLError as error:
        if encrypted:
            raise InputError(f"{key}: expected a key without a passphrase.") from error
        if error.reason in ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH"):
            raise InputError(f"{key}: expected the key of {cert}, got another key.") from error
        raise InputError(f"{key}: expected {expected[key]}; {error.reason or error}.") from error
