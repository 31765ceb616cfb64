"""Proxies of the environment."""

import os

from ecm_tf.core.proxies import without_proxies

PROXIES = {"http_proxy": "http://proxy:1", "ALL_PROXY": "socks5://proxy:1"}


def test_proxies_are_removed_only_inside_the_block(monkeypatch):
    for name, value in PROXIES.items():
        monkeypatch.setenv(name, value)
    with without_proxies():
        assert not PROXIES.keys() & os.environ.keys()
    assert {name: os.environ[name] for name in PROXIES} == PROXIES
