"""The annotation page, in a browser."""

import shutil

import pytest
from playwright.sync_api import sync_playwright

from ecm_tf.evaluation.human.key import blind
from ecm_tf.evaluation.human.sheet import Scores, read_sheet
from ecm_tf.evaluation.human.sheet_page import write_page

REPLIES = {
    "secret-a": [["</script><b>x</b>", '=1, "2"']],
    "secret-b": [["真好", "难过"]],
}


@pytest.fixture
def key():
    return blind(REPLIES, ["今天天气真好"], ["like", "sad"], seed=0)


@pytest.fixture
def page(key, tmp_path):
    path = tmp_path / "sheet.html"
    write_page(path, key, {"like": "喜欢", "sad": "悲伤"})
    return path


def test_the_page_is_blind_and_loads_nothing(page):
    text = page.read_text(encoding="utf-8")
    assert "secret" not in text and "http" not in text.replace("http-equiv", "")
    assert "</script><b>" not in text


def test_scores_by_keyboard_survive_a_reload_and_are_exported(key, page, tmp_path):
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        tab = browser.new_page()
        requests, errors = [], []
        tab.on("request", lambda request: requests.append(request.url))
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.goto(page.as_uri())
        assert tab.inner_text("#reply") == key.rows[0].reply
        for pressed in ("2", "1", "1", "2", "0"):  # An emotion score of 2 is ignored.
            tab.keyboard.press(pressed)
        assert tab.inner_text("#count") == "reply 3 of 4; 2 scored"
        tab.reload()
        assert tab.inner_text("#count") == "reply 3 of 4; 2 scored"
        # A key that is held is pressed again and again, which scores nothing.
        tab.keyboard.down("0")
        for _ in range(5):
            tab.keyboard.down("0")
        tab.keyboard.up("0")
        assert tab.inner_text("#count") == "reply 3 of 4; 2 scored"
        for pressed in ("1", "2", "0"):
            tab.keyboard.press(pressed)
        tab.keyboard.press("ArrowLeft")
        assert tab.inner_text("#count") == "reply 3 of 4; 4 scored"
        tab.click("#content button[data-value='1']")
        with tab.expect_download() as download:
            tab.click("#export")
        download.value.save_as(tmp_path / "filled.csv")
        browser.close()
    assert (tmp_path / "filled.csv").read_bytes().startswith(b"\xef\xbb\xbfid,")
    assert read_sheet(tmp_path / "filled.csv", key) == [
        Scores(2, 1), Scores(1, 0), Scores(1, 1), Scores(2, 0),
    ]  # fmt: skip
    assert errors == []
    assert all(url.startswith(("file:", "blob:")) for url in requests)
