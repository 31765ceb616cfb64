"""Requests to this machine ignore the proxies of the environment."""

import pytest

from export.sessions import DirectSession, is_loopback, new_session


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("127.0.0.2", True),
        ("::1", True),
        ("0.0.0.0", True),
        ("192.168.0.7", False),
        ("example.com", False),
        (None, False),
    ],
)
def test_loopback_hosts(host, expected):
    assert is_loopback(host) == expected
    assert isinstance(new_session(host), DirectSession) == expected


@pytest.mark.parametrize(("host", "proxy"), [("localhost", ""), ("example.com", "http://proxy:1")])
def test_proxies_of_requests(host, proxy, monkeypatch):
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("http_proxy", "http://proxy:1")
    settings = new_session(host).merge_environment_settings(f"http://{host}/", {}, None, None, None)
    assert settings["proxies"]["http"] == proxy
