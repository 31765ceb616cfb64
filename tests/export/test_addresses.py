"""Hosts and ports of servers, of IPv4 and IPv6."""

import socket

import pytest

from ecm_tf.core.errors import InputError
from export.addresses import check_port, is_loopback, is_this_machine, url_host


@pytest.mark.parametrize(
    ("host", "this_machine", "loopback"),
    [
        ("localhost", True, True),
        ("127.0.0.2", True, True),
        ("::1", True, True),
        ("0.0.0.0", True, False),
        ("::", True, False),
        ("192.168.0.7", False, False),
        ("example.com", False, False),
        ("", False, False),
    ],
)
def test_kinds_of_hosts(host, this_machine, loopback):
    assert is_this_machine(host) == this_machine
    assert is_loopback(host) == loopback


def test_hosts_of_urls():
    assert is_this_machine("[::1]")
    assert not is_this_machine(None)
    assert [url_host(host) for host in ("127.0.0.1", "localhost", "::1", "::")] == [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::]",
    ]


@pytest.mark.parametrize(
    ("host", "family"), [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)]
)
def test_a_port_in_use_is_refused(host, family):
    try:
        used = socket.create_server((host, 0), family=family)
    except OSError:
        pytest.skip(f"this machine has no {host}")
    with used:
        port = used.getsockname()[1]
        with pytest.raises(InputError) as caught:
            check_port(host, port, "--rest_port")
    assert str(caught.value) == (
        f"--rest_port: cannot listen on {url_host(host)}:{port}; Address already in use."
    )
    check_port(host, port, "--rest_port")


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host", "a" * 70, "1::2::3"])
def test_a_host_of_another_machine_is_refused(host):
    with pytest.raises(InputError, match=r"^--host: cannot listen on .*:8501; .+\.$") as caught:
        check_port(host, 8501, "--rest_port")
    assert "\n" not in str(caught.value)
