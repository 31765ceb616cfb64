"""HTTP sessions that reach servers on this machine, whatever proxies the environment has."""

import ipaddress
from typing import Any

import requests


def is_loopback(host: str | None) -> bool:
    """Tells whether a host name or address is this machine, such as `localhost` or `::1`."""
    try:
        address = ipaddress.ip_address((host or "").strip("[]"))
    except ValueError:
        return host == "localhost"
    return address.is_loopback or address.is_unspecified


class DirectSession(requests.Session):
    """A session that ignores the proxies of the environment, but no other setting of it."""

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        """Returns the settings of a request; an empty proxy stands for a direct connection."""
        direct = {"http": "", "https": ""}
        return super().merge_environment_settings(url, direct, stream, verify, cert)


def new_session(host: str | None) -> requests.Session:
    """Returns a session for requests to a host, without proxies if it is this machine."""
    return DirectSession() if is_loopback(host) else requests.Session()
