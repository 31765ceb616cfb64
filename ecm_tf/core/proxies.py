"""Proxies of the environment (`http_proxy` …), which do not reach servers on this machine."""

import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def without_proxies() -> Iterator[None]:
    """Removes the proxies from the environment while the `with` block runs."""
    names = [name for name in os.environ if name.lower().endswith("_proxy")]
    removed = {name: os.environ.pop(name) for name in names}
    try:
        yield
    finally:
        os.environ.update(removed)
