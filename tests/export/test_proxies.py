"""Requests to this machine ignore the proxies of the environment."""

import os

import pytest

from export.proxies import DirectSession, is_loopback, new_session, without_proxies

PROXIES = {"http_proxy": "http://proxy:1", "ALL_PROXY": "socks5://proxy:1"}


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
    monkeypatch.setenv("http_proxy", PROXIES["http_proxy"])
    settings = new_session(host).merge_environment_settings(f"http://{host}/", {}, None, None, None)
    assert settings["proxies"]["http"] == proxy


def test_proxies_are_removed_only_inside_the_block(monkeypatch):
    for name, value in PROXIES.items():
        monkeypatch.setenv(name, value)
    with without_proxies():
        assert not PROXIES.keys() & os.environ.keys()
    assert {name: os.environ[name] for name in PROXIES} == PROXIES
