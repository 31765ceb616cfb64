"""The loopback interface, to which the server and Ray are restricted by default."""

import ipaddress
import os


def is_loopback_interface(host: str) -> bool:
    """Tells whether a server that listens on an address or host name is closed to the network.

    Unlike `export.proxies.is_loopback`, it is false for 0.0.0.0, which stands for all interfaces.
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def disable_cluster() -> None:
    """Makes Ray on this machine use the loopback interface for its internal traffic.

    Must be called before Ray is imported. The variable is named after the systems on which this is
    Ray's default; its value decides whether other machines may join.
    """
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
