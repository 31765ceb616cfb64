"""The loopback interface, to which the server is restricted by default."""

import ipaddress


def is_loopback_interface(host: str) -> bool:
    """Tells whether a server that listens on an address or host name is closed to the network.

    Unlike `export.sessions.is_loopback`, it is false for 0.0.0.0, which stands for all interfaces.
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
