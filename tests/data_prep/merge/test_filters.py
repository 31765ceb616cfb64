"""Filters of single pairs."""

import pytest

from data_prep.merge.filters import rejection
from data_prep.merge.settings import MergeSettings


@pytest.mark.parametrize(
    "text",
    ["去taobao.com看看", "http://t.cn/a", "见WWW.abc", "my-shop.org.", "x.net", "a.com 很好"],
)
def test_links_are_found_on_either_side(text):
    settings = MergeSettings()
    assert rejection(text, "好的", settings) == "link"
    assert rejection("你好", text, settings) == "link"


@pytest.mark.parametrize("text", ["1.5 com", "a.command 是什么", "net.work", "一.com"])
def test_what_only_resembles_a_link_is_kept(text):
    assert rejection(text, "好的", MergeSettings()) is None
