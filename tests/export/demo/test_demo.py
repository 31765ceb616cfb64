"""The demo page: its sources, its HTML, and its behaviour in a browser."""

import contextlib
import json
import re
import shutil
import socket
import subprocess
import sys
import threading
import warnings
from html import unescape
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from urllib.parse import urlsplit

import numpy as np
import pytest
import tensorflow as tf
from playwright.sync_api import sync_playwright

from ecm_tf.core.errors import InputError
from ecm_tf.inference.explanation import Explanation
from ecm_tf.text.emotions import DEFAULT
from export.ask import main as ask
from export.client import Reply
from export.demo.__main__ import main as demo
from export.demo.cards import render_cards
from export.demo.sources import (
    Card,
    ModelDirectorySource,
    SavedModelSource,
    ServerSource,
    open_source,
)
from export.examples import EXAMPLES
from export.saved_model.model_info import MODEL_INFO, OLD_MODEL_INFO
from export.sessions import DirectSession

pytestmark = pytest.mark.xdist_group("saved_model")

POST = "我的猫会握手<script>alert(1)</script>"


@pytest.fixture(scope="module")
def source(model_dir):
    return open_source(str(model_dir))


def check_same_cards(first, second):
    for card, other in zip(first, second, strict=True):
        assert (card.emotion.name, card.emotion.chinese) == (
            other.emotion.name,
            other.emotion.chinese,
        )
        assert (card.text, card.explanation.words) == (other.text, other.explanation.words)
        attention, other_attention = card.explanation.attention, other.explanation.attention
        np.testing.assert_allclose(attention, other_attention, atol=1e-5)


def test_model_directory_and_saved_model_give_the_same_cards(source, exported_base):
    assert isinstance(source, ModelDirectorySource)
    exported = open_source(str(exported_base))
    assert isinstance(exported, SavedModelSource)
    assert source.language == exported.language == "zh"
    check_same_cards(source.answer(POST), exported.answer(POST))


def test_saved_model_with_the_old_name_of_its_description_opens(
    source, exported_base, tmp_path, load_signatures, monkeypatch
):
    version = shutil.copytree(exported_base / "1", tmp_path / "1")
    (version / MODEL_INFO).rename(version / OLD_MODEL_INFO)
    loaded = SimpleNamespace(signatures=load_signatures(exported_base / "1"))
    monkeypatch.setattr("tensorflow.saved_model.load", lambda path: loaded)
    exported = open_source(str(version))
    check_same_cards(source.answer(POST), exported.answer(POST))


def test_saved_model_without_a_description_is_refused(exported_base, tmp_path):
    version = shutil.copytree(exported_base / "1", tmp_path / "1")
    (version / MODEL_INFO).unlink()
    with pytest.raises(InputError, match="export the model again"):
        open_source(str(tmp_path))


def test_saved_model_without_explanations_is_refused(exported_base, monkeypatch):
    loaded = SimpleNamespace(signatures={"serving_default": None})
    monkeypatch.setattr("tensorflow.saved_model.load", lambda path: loaded)
    with pytest.raises(InputError, match=r"signature `explain`, got .*export the model again"):
        open_source(str(exported_base))


def test_server_is_asked_for_every_emotion(source, monkeypatch):
    cards = source.answer(POST)

    class FakeClient:
        def __init__(self, address):
            assert address == "grpc://127.0.0.1:1"

        def all_emotions(self, posts):
            return [[Reply("", 0.0, name) for name in DEFAULT.names]]

        def explain(self, posts, emotions):
            assert (posts, emotions) == ([POST] * 6, DEFAULT.names)
            return [
                (Reply(card.text, card.score, card.emotion.name), card.explanation)
                for card in cards
            ]

    monkeypatch.setattr("export.client.Client", FakeClient)
    server = open_source("grpc://127.0.0.1:1")
    assert isinstance(server, ServerSource)
    answered = server.answer(POST)
    assert [card.emotion.chinese for card in answered] == [e.chinese for e in DEFAULT]
    assert [card.text for card in answered] == [card.text for card in cards]


def test_raw_chinese_is_split_for_a_saved_model_of_split_text(
    exported_base, tmp_path, monkeypatch, capsys
):
    version = shutil.copytree(exported_base / "1", tmp_path / "1")
    info = json.loads((version / MODEL_INFO).read_text(encoding="utf-8"))
    assert info["segmenter"] == "jieba"
    info["segmenter"] = "whitespace"
    (version / MODEL_INFO).write_text(json.dumps(info), encoding="utf-8")
    received = []

    def explain(post, emotion):
        received.extend(post.numpy())
        raise InterruptedError

    def all_emotions(post):
        received.extend(post.numpy())
        return {"emotion": tf.constant([["sad"]]), "response": tf.constant([["难过"]])}

    signatures = {"explain": explain, "all_emotions": all_emotions}
    loaded = SimpleNamespace(signatures=signatures)
    monkeypatch.setattr("tensorflow.saved_model.load", lambda path: loaded)
    with pytest.raises(InterruptedError):
        open_source(str(version)).answer("我的猫会握手")
    ask([str(version), "我的猫会握手"])
    assert {post.decode() for post in received} == {"我 的 猫 会 握手"}
    assert capsys.readouterr().out == "我的猫会握手\nsad: 难过\n"


@pytest.mark.parametrize(
    ("flags", "signature"), [((), "all_emotions"), (("--emotion", "sad"), "serving_default")]
)
def test_another_saved_model_is_refused(flags, signature, exported_base, monkeypatch):
    monkeypatch.setattr("tensorflow.saved_model.load", lambda path: SimpleNamespace(signatures={}))
    with pytest.raises(InputError, match=f"got a SavedModel without the signature {signature}"):
        ask([str(exported_base / "1"), "我的猫会握手", *flags])


def test_raw_chinese_is_split_for_a_server_of_split_text(source, monkeypatch):
    card = source.answer(POST)[0]
    received = []

    class FakeClient:
        def __init__(self, address):
            pass

        def all_emotions(self, posts):
            return [[Reply("好", 0.0, name) for name in DEFAULT.names]]

        def explain(self, posts, emotions):
            received.append(posts[0])
            return [(Reply("真 可爱", 0.0, name), card.explanation) for name in emotions]

    monkeypatch.setattr("export.client.Client", FakeClient)
    server = open_source("grpc://127.0.0.1:1")
    for _ in range(2):
        server.answer("我的猫会握手")
    split = "我 的 猫 会 握手"
    assert received == ["我的猫会握手", split, split]


@pytest.mark.parametrize("location", ["nowhere", "ftp://127.0.0.1:1"])
def test_other_locations_are_refused(location, tmp_path):
    if "://" not in location:
        location = str(tmp_path / location)
    with pytest.raises(InputError, match=r"expected .*http://HOST:PORT"):
        open_source(location)


@pytest.mark.parametrize("flags", [["--beam_size", "20"], ["--decoder=greedy"], ["--seed", "3"]])
@pytest.mark.parametrize("kind", ["versions", "server"])
def test_search_flags_are_refused_where_the_search_is_fixed(kind, flags, exported_base):
    location = str(exported_base) if kind == "versions" else "http://127.0.0.1:1"
    with pytest.raises(InputError, match=r"expected a model directory with search flags such as"):
        demo([location, *flags])


def test_search_flags_without_effect_are_refused(model_dir):
    with pytest.raises(
        InputError, match="--beam_size: expected the decoder beam; this greedy search"
    ):
        demo([str(model_dir), "--beam_size", "20"])


def test_cards_show_words_gate_and_attention_and_escape_html():
    explanation = Explanation(
        post=["<b>", "猫"],
        words=["好", "喜欢", "_EOS"],
        attention=np.array([[0.25, 0.75], [1, 0], [0.5, 0.5]], np.float32),
        gate=np.array([0.02, 0.9, 0.1], np.float32),
        emotion_words=np.array([False, True, False]),
        memory=np.array([2.0, 1.5, 1.0, 0.5], np.float32),
    )
    html = render_cards([Card(DEFAULT[1], "好喜欢", -1.25, explanation)], "zh")
    assert "&lt;b&gt;" in html and "<b>" not in html
    assert 'data-attention="0.250 0.750"' in html
    assert html.count('class="ecm-word ecm-emotional"') == 1
    assert "--gate: 90%" in html
    assert "-1.25" in html and "25 %" in html
    assert "_EOS" not in html


def test_cards_of_a_model_without_gate_and_memory():
    explanation = Explanation([], [], np.zeros([0, 0]), None, np.zeros([0], bool), None)
    html = render_cards([Card(DEFAULT[0], "", -0.5, explanation)], "en")
    assert "(empty reply)" in html
    assert "external memory" not in html and "internal memory" not in html


def test_cards_show_the_text_of_an_english_reply():
    words = ["that", "'s", "it", ".", "_EOS"]
    explanation = Explanation(
        ["hi"], words, np.ones([5, 1]), None, np.array([False, False, True, False, False]), None
    )
    html = render_cards([Card(DEFAULT[0], "That's it.", -0.5, explanation)], "en")
    reply = re.search(r'<p class="ecm-reply" lang="en">(.*?)</p>', html, re.DOTALL)[1]
    assert unescape(re.sub("<[^>]*>", "", reply)).strip() == "That's it."


def test_queue_of_the_page_is_bounded():
    pytest.importorskip("gradio", reason="the extra `demo` is not installed")
    with warnings.catch_warnings(action="ignore"):
        from export.demo.page import MAX_WAITING, page

        blocks = page(SimpleNamespace(language="zh"))
    assert blocks._queue.max_size == MAX_WAITING


@pytest.mark.parametrize(
    ("language", "examples"),
    [
        ("zh", EXAMPLES["zh"]),
        ("en", EXAMPLES["en"]),
        ("", [*EXAMPLES["zh"], *EXAMPLES["en"]]),
    ],
)
def test_examples_are_in_the_language_of_the_model(language, examples):
    gradio = pytest.importorskip("gradio", reason="the extra `demo` is not installed")
    from export.demo.page import page

    with warnings.catch_warnings(action="ignore"):
        blocks = page(SimpleNamespace(language=language))
    (dataset,) = (each for each in blocks.blocks.values() if isinstance(each, gradio.Dataset))
    assert dataset.samples == [[text] for text, _ in examples]
    labels = dataset.sample_labels
    assert all(
        english in label for label, (_, english) in zip(labels, examples, strict=True) if english
    )
    assert "None" not in "".join(labels)


def test_page_on_an_ipv6_address():
    pytest.importorskip("gradio", reason="the extra `demo` is not installed")
    from export.demo.page import launch, page

    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as probe:
            port = probe.getsockname()[1]
    except OSError:
        pytest.skip("this machine has no ::1")
    with warnings.catch_warnings(action="ignore"):
        blocks = page(SimpleNamespace(language="zh"))
        address = launch(blocks, "::1", port)
    try:
        assert address == f"http://[::1]:{port}/"
        assert DirectSession().get(address, timeout=10).ok
    finally:
        blocks.close(verbose=False)


@contextlib.contextmanager
def page_of(source):
    """Serves the page with the command in a process of its own; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "export.demo", str(source), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        address = process.stdout.readline().removeprefix("open ").strip()
        assert address == f"http://127.0.0.1:{port}/"
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
    """A page of the browser; requests to other machines and script errors make the test fail."""
    hosts, errors = set(), []
    tab = browser.new_page()
    tab.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    yield tab
    tab.close()
    assert hosts == {"127.0.0.1"}
    assert errors == []


def submit(tab, address, post):
    tab.goto(address)
    tab.get_by_label("Post").fill(post)
    tab.get_by_role("button", name="Reply").click()


def test_cards_in_a_browser(model_dir, tab):
    with page_of(model_dir) as address:
        submit(tab, address, POST)
        tab.wait_for_selector(".ecm-card", timeout=60_000)
        assert tab.locator(".ecm-card").count() == 6
        assert "script" in tab.locator(".ecm-post").first.inner_text()
        word = tab.locator(".ecm-word").first
        tokens = word.locator("xpath=ancestor::article").locator(".ecm-token")
        weights = (
            "tokens => tokens.map(t => parseFloat(t.style.getPropertyValue('--attention')) || 0)"
        )
        assert sum(tokens.evaluate_all(weights)) == 0
        word.focus()
        assert sum(tokens.evaluate_all(weights)) == pytest.approx(100, abs=1)
        word.blur()
        word.hover()
        assert sum(tokens.evaluate_all(weights)) == pytest.approx(100, abs=1)


def test_page_shows_a_message_if_the_server_is_gone(tab):
    columns = {name: [[name] * 6] for name in ("emotion", "response")} | {"score": [[0.0] * 6]}
    response = json.dumps({"outputs": columns}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(response)))
            self.end_headers()
            self.wfile.write(response)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    with page_of(f"http://127.0.0.1:{server.server_port}") as address:
        thread.join()
        server.server_close()
        submit(tab, address, POST)
        tab.wait_for_selector(".ecm-message", timeout=60_000)
        assert "the connection to the server failed" in tab.locator(".ecm-message").inner_text()
        assert tab.locator(".ecm-card").count() == 0
