"""Addresses that a server listens on, of IPv4 and IPv6."""

import socket

import pytest

from ecm_tf.core.errors import InputError
from export.serve.settings import ServerConfig


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1:8500"),
        ("localhost", "localhost:8500"),
        ("::1", "[::1]:8500"),
        ("::", "[::]:8500"),
    ],
)
def test_an_ipv6_address_is_in_brackets(host, address):
    assert ServerConfig(host=host, insecure=True).address(8500) == address


@pytest.mark.parametrize(
    ("host", "family"), [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)]
)
def test_a_port_in_use_is_found_before_ray_starts(host, family):
    server = pytest.importorskip("export.serve.server", reason="the extra `serve` is missing")
    try:
        used = socket.create_server((host, 0), family=family)
    except OSError:
        pytest.skip(f"this machine has no {host}")
    with used:
        port = used.getsockname()[1]
        config = ServerConfig(host=host, rest_port=port, grpc_port=port - 1)
        with pytest.raises(InputError, match=r"^--rest_port: cannot listen on ") as caught:
            server._check_ports(config)
    assert f"{config.address(port)}; Address already in use." in str(caught.value)
