"""HTTP sessions that reach servers on this machine, whatever proxies the environment has."""

from typing import Any

import requests

from export.addresses import is_this_machine


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
    return DirectSession() if is_this_machine(host) else requests.Session()
