"""Hosts and ports of servers: their kinds, their form in URLs, and checks of ports."""

import errno
import ipaddress
import socket

from ecm_tf.core.errors import InputError


def is_this_machine(host: str | None) -> bool:
    """Tells whether requests to a host name or address stay on this machine."""
    try:
        address = ipaddress.ip_address((host or "").strip("[]"))
    except ValueError:
        return host == "localhost"
    return address.is_loopback or address.is_unspecified


def is_loopback(host: str) -> bool:
    """Tells whether a server that listens on a host name or address is closed to the network.

    Unlike `is_this_machine`, it is false for 0.0.0.0, which stands for all interfaces.
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def url_host(host: str) -> str:
    """Returns a host as in a URL: an IPv6 address is in brackets."""
    return f"[{host}]" if _is_ipv6(host) else host


def check_port(host: str, port: int, flag: str) -> None:
    """Checks that a server can listen on a host and port.

    Args:
        host: host name or address, given as `--host`.
        port: from 1 to 65,535.
        flag: flag of the port, such as `--rest_port`.

    Raises:
        InputError: it cannot; the message names the flag whose value is wrong.
    """
    try:
        with socket.socket(socket.AF_INET6 if _is_ipv6(host) else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    # Python refuses names that are too long for the domain name system with a UnicodeError.
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        of_the_port = getattr(error, "errno", None) in (errno.EADDRINUSE, errno.EACCES)
        raise InputError(
            f"{flag if of_the_port else '--host'}: cannot listen on {url_host(host)}:{port}; "
            f"{reason}."
        ) from error


def _is_ipv6(host: str) -> bool:
    return ":" in host
