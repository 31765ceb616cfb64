"""The page to try a model: what answers behind it, what it shows, and in a browser."""

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlsplit

import numpy as np
import pytest
import requests
from playwright.sync_api import sync_playwright

from ecm_tf.config import SearchConfig
from ecm_tf.core.errors import InputError
from ecm_tf.inference.explanation import Explanation
from ecm_tf.text.emotions import DEFAULT
from export.client import Reply
from export.demo.cards import cards
from export.demo.sources import Explained, ModelDirectory, SavedModel, Server, open_source
from export.saved_model.exporter import export

POST = "我的猫会握手<script>alert(1)</script>"


@pytest.fixture(scope="module")
def base(model_dir, tmp_path_factory):
    base = tmp_path_factory.mktemp("exported")
    export(model_dir, base, n_best=1)
    return base


@pytest.fixture(scope="module")
def source(model_dir):
    return open_source(str(model_dir), SearchConfig())


def test_a_directory_and_its_export_answer_alike(source, base):
    assert isinstance(source, ModelDirectory)
    exported = open_source(str(base), SearchConfig())
    assert isinstance(exported, SavedModel)
    for mine, its in zip(source.answer(POST), exported.answer(POST), strict=True):
        assert (mine.emotion.name, mine.emotion.chinese) == (its.emotion.name, its.emotion.chinese)
        assert (mine.text, mine.inside.words) == (its.text, its.inside.words)
        np.testing.assert_allclose(mine.inside.attention, its.inside.attention, atol=1e-5)


def test_a_server_is_asked_for_every_emotion(source, monkeypatch):
    replies = source.answer(POST)

    class FakeClient:
        def __init__(self, address):
            assert address == "grpc://127.0.0.1:1"

        def all_emotions(self, posts):
            return [[Reply(name, "", 0.0) for name in DEFAULT.names]]

        def explain(self, posts, emotions):
            assert (posts, emotions) == ([POST] * 6, DEFAULT.names)
            return [(Reply(r.emotion.name, r.text, r.score), r.inside) for r in replies]

    monkeypatch.setattr("export.client.Client", FakeClient)
    server = open_source("grpc://127.0.0.1:1", SearchConfig())
    assert isinstance(server, Server)
    answered = server.answer(POST)
    assert [reply.emotion.chinese for reply in answered] == [e.chinese for e in DEFAULT]
    assert [reply.text for reply in answered] == [reply.text for reply in replies]


@pytest.mark.parametrize("place", ["nowhere", "ftp://127.0.0.1:1"])
def test_what_is_no_source_is_refused(place, tmp_path):
    with pytest.raises(InputError, match=r"expected .*http://HOST:PORT"):
        open_source(place if "://" in place else str(tmp_path / place), SearchConfig())


def test_an_export_without_explanations_is_refused(base, tmp_path):
    shutil.copytree(base / "1", tmp_path / "1")
    (tmp_path / "1" / "assets.extra" / "model_card.json").unlink()
    with pytest.raises(InputError, match="export the model again"):
        open_source(str(tmp_path), SearchConfig())


def test_cards_show_words_gate_and_attention_and_escape_all():
    inside = Explanation(
        post=["<b>", "猫"],
        words=["好", "喜欢", "_EOS"],
        attention=np.array([[0.25, 0.75], [1, 0], [0.5, 0.5]], np.float32),
        gate=np.array([0.02, 0.9, 0.1], np.float32),
        emotion_words=np.array([False, True, False]),
        memory=np.array([2.0, 1.5, 1.0, 0.5], np.float32),
    )
    html = cards([Explained(DEFAULT[1], "好喜欢", -1.25, inside)])
    assert "&lt;b&gt;" in html and "<b>" not in html
    assert 'data-attention="0.250 0.750"' in html
    assert html.count('class="ecm-word ecm-emotional"') == 1
    assert "--gate: 90%" in html
    assert "-1.25" in html and "25 %" in html
    assert "_EOS" not in html


def test_a_model_without_gate_and_memory_has_cards_too():
    inside = Explanation([], [], np.zeros([0, 0]), None, np.zeros([0], bool), None)
    html = cards([Explained(DEFAULT[0], "", -0.5, inside)])
    assert "(nothing)" in html
    assert "external memory" not in html and "emotional state" not in html


@contextlib.contextmanager
def page_of(source):
    """The page's address, served by the command in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "export.demo", str(source), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        address = process.stdout.readline().removeprefix("look at: ").strip()
        assert address == f"http://127.0.0.1:{port}"
        yield address
    finally:
        process.terminate()
        process.communicate(timeout=30)


@pytest.fixture(scope="module")
def browser():
    pytest.importorskip("gradio", reason="the extra `demo` is not installed")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def tab(browser):
    """A page of the browser; whatever it asks of other machines, or complains of, is an error."""
    asked, complaints = set(), []
    tab = browser.new_page()
    tab.on("request", lambda request: asked.add(urlsplit(request.url).hostname))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    yield tab
    tab.close()
    assert asked == {"127.0.0.1"}
    assert complaints == []


def ask(tab, address, post):
    for _ in range(100):
        with contextlib.suppress(requests.ConnectionError):
            requests.get(address, timeout=10)
            break
        time.sleep(0.1)
    tab.goto(address)
    tab.get_by_label("Post").fill(post)
    tab.get_by_role("button", name="Answer").click()


def test_in_a_browser(model_dir, tab):
    with page_of(model_dir) as address:
        ask(tab, address, POST)
        tab.wait_for_selector(".ecm-card", timeout=60_000)
        assert tab.locator(".ecm-card").count() == 6
        assert "script" in tab.locator(".ecm-post").first.inner_text()
        word = tab.locator(".ecm-word").first
        tokens = word.locator("xpath=ancestor::article").locator(".ecm-token")
        shares = "tokens => tokens.map(t => parseFloat(t.style.getPropertyValue('--share')) || 0)"
        assert sum(tokens.evaluate_all(shares)) == 0
        word.focus()
        assert sum(tokens.evaluate_all(shares)) == pytest.approx(100, abs=1)
        word.blur()
        word.hover()
        assert sum(tokens.evaluate_all(shares)) == pytest.approx(100, abs=1)


def test_a_server_that_is_gone_is_a_sentence_on_the_page(tab):
    columns = {name: [[name] * 6] for name in ("emotion", "response")} | {"score": [[0.0] * 6]}
    answer = json.dumps({"outputs": columns}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    once = threading.Thread(target=server.handle_request)
    once.start()
    with page_of(f"http://127.0.0.1:{server.server_port}") as address:
        once.join()
        server.server_close()
        ask(tab, address, POST)
        tab.wait_for_selector(".ecm-message", timeout=60_000)
        assert "no server answers there" in tab.locator(".ecm-message").inner_text()
        assert tab.locator(".ecm-card").count() == 0
