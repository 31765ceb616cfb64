"""Proxies of the environment (`http_proxy` …), which do not reach servers on this machine."""

import contextlib
import ipaddress
import os
from collections.abc import Iterator
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


@contextlib.contextmanager
def without_proxies() -> Iterator[None]:
    """Removes the proxies from the environment while the `with` block runs."""
    names = [name for name in os.environ if name.lower().endswith("_proxy")]
    removed = {name: os.environ.pop(name) for name in names}
    try:
        yield
    finally:
        os.environ.update(removed)
