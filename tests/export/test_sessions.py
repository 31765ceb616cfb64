"""Requests to this machine ignore the proxies of the environment."""

import pytest

from export.sessions import DirectSession, new_session


@pytest.mark.parametrize(("host", "direct"), [("localhost", True), ("example.com", False)])
def test_only_sessions_of_this_machine_are_direct(host, direct):
    assert isinstance(new_session(host), DirectSession) == direct


@pytest.mark.parametrize(("host", "proxy"), [("localhost", ""), ("example.com", "http://proxy:1")])
def test_proxies_of_requests(host, proxy, monkeypatch):
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("http_proxy", "http://proxy:1")
    settings = new_session(host).merge_environment_settings(f"http://{host}/", {}, None, None, None)
    assert settings["proxies"]["http"] == proxy
