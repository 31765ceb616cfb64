"""The folder that `export.web` writes, and its page in a browser."""

import json
import re
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import read_manifest, sha256, verify_files
from ecm_tf.model.directory import load_model
from ecm_tf.text.processor import TextProcessor
from export.tflite.files import IDS
from export.tflite.interpreter import Interpreter
from export.web import writing
from export.web.__main__ import main

pytestmark = pytest.mark.xdist_group("web")

ROOT = Path(__file__).parents[3]
POSTS = ["我的猫会握手", "今天天气真好", "球队赢了3比0 OK", "👨\u200d👩\u200d👧", "囧" * 50]


def test_site_describes_its_model(site, model_dir):
    manifest = read_manifest(site, "web")
    verify_files(site, manifest)
    assert manifest["sources"] == {"model": sha256(model_dir / "manifest.json")}
    described = json.loads((site / "model/site.json").read_text())
    assert described["model"] == model_dir.name
    assert described["postLength"] == load_model(model_dir)[0].config.max_post_length
    assert [emotion["words"] for emotion in described["emotions"]][1] == ["喜欢", "可爱"]
    for name, size in described["sizes"].items():
        assert (site / name).stat().st_size == size
        assert described["digests"][name] == sha256(site / name)
    worker = (site / "service-worker.js").read_text()
    kept = json.loads(re.match(r"self\.SITE = (.*);\n", worker)[1])
    assert kept["version"] == described["version"]
    files = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    assert {*kept["files"], *described["sizes"]} == {*files, "./"} - {"manifest.json"}
    assert kept["large"] == list(described["sizes"])
    assert files.isdisjoint({"build.json"}), "is for tests of the page"
    assert model_dir.name not in kept["files"]


def test_version_changes_with_the_model(site, auto_model_dir, tmp_path):
    main(["--train_dir", str(auto_model_dir), "--output", str(tmp_path / "site")])
    first, second = (
        json.loads((path / "model/site.json").read_text())["version"]
        for path in (site, tmp_path / "site")
    )
    assert first != second


def test_card_of_a_model_directory_is_copied(model_dir, tmp_path):
    released = shutil.copytree(model_dir, tmp_path / "model")
    (released / "README.md").write_text("---\nlicense: mit\n---\n\n# A card\n\n---\n\nEnd\n")
    main(["--train_dir", str(released), "--output", str(tmp_path / "site")])
    assert (tmp_path / "site/model/card.txt").read_text() == "# A card\n\n---\n\nEnd\n"


def test_output_and_page_are_checked(site, model_dir, tmp_path, monkeypatch):
    (tmp_path / "kept").write_text("kept")
    flags = ["--train_dir", str(model_dir), "--output"]
    with pytest.raises(InputError, match="this directory contains other files"):
        main([*flags, str(tmp_path)])
    with pytest.raises(InputError, match="--overwrite replaces it"):
        main([*flags, str(site)])
    monkeypatch.setattr(writing, "PAGE", tmp_path / "none")
    with pytest.raises(InputError, match="expected the page, got none; `make web` builds it"):
        main([*flags, str(tmp_path / "site")])
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


@pytest.fixture(scope="module")
def browser():
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def tab(browser):
    """A page with an empty cache; script errors make the test fail."""
    context, errors = browser.new_context(viewport={"width": 360, "height": 700}), []
    tab = context.new_page()
    tab.on("pageerror", lambda error: errors.append(str(error)))
    yield tab
    context.close()
    assert errors == []


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextmanager
def served(directory):
    """Serves a folder as `python -m http.server` does; yields its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=directory)) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def replies(tab, post):
    """Returns the replies of the page, after it has loaded the model."""
    tab.get_by_label("Post").fill(post)
    send = tab.get_by_role("button", name="Reply", exact=True)
    tab.wait_for_selector("#send:not([disabled])", timeout=60_000)
    tab.evaluate("document.getElementById('replies').replaceChildren()")
    send.press("Enter")
    tab.wait_for_selector("#replies:not([aria-busy]) article:nth-child(6)")
    return tab.locator("#replies article p").all_inner_texts()


def say_it_differently(tab):
    tab.get_by_role("button", name="Say it differently").click()
    tab.wait_for_selector("#replies:not([aria-busy])")
    return tab.locator("#replies article p").all_inner_texts()


@pytest.mark.slow
def test_replies_in_a_browser_equal_those_of_the_file(site, model_dir, tab):
    """With the network, and without it."""
    model, assets = load_model(model_dir)
    text, interpreter = TextProcessor(assets), Interpreter(site / "model" / IDS)
    expected = []
    for post in POSTS:
        length = model.config.max_post_length
        outputs = interpreter(text.post_matrix([post] * 6, length, length).numpy(), range(6))
        texts = text.response_text(outputs["ids"], outputs["lengths"]).numpy()
        expected.append([reply.decode() for reply in texts])
    assert len({reply for row in expected for reply in row}) > 3, "the replies vary"
    with served(site) as address:
        tab.goto(address)
        assert [replies(tab, post) for post in POSTS] == expected
        assert tab.locator("mark").count() > 0
        different = say_it_differently(tab)
        assert different != expected[-1]
        assert different != say_it_differently(tab)
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), "fits a phone"
        tab.evaluate("navigator.serviceWorker.ready.then(() => null)")
        tab.context.set_offline(True)
        tab.reload()
        assert [replies(tab, post) for post in POSTS] == expected
        tab.get_by_role("button", name="About this model").click()
        tab.get_by_role("dialog").get_by_text("no card").wait_for()


@pytest.mark.slow
def test_an_update_is_complete_without_a_network(site, tab, tmp_path):
    """A visit with a network, during which the old version still answers, loads the new one."""
    updated = shutil.copytree(site, tmp_path / "site")
    described = json.loads((site / "model/site.json").read_text())
    with served(updated) as address:
        tab.goto(address)
        expected = replies(tab, POSTS[0])
        tab.evaluate("navigator.serviceWorker.ready.then(() => null)")
        version = "0" * 16
        content = json.dumps(described | {"model": "updated", "version": version})
        (updated / "model/site.json").write_text(content)
        worker = (site / "service-worker.js").read_text()
        (updated / "service-worker.js").write_text(worker.replace(described["version"], version))
        tab.goto(address)
        tab.evaluate(
            """async () => {
              const registration = await navigator.serviceWorker.ready;
              await registration.update();
              while (!registration.waiting) await new Promise((wake) => setTimeout(wake, 50));
            }"""
        )
        assert tab.locator("#model-name").inner_text() == described["model"]
        # The new worker replaces the old one as soon as no page uses that.
        for _ in range(60):
            tab.goto("about:blank")
            tab.wait_for_timeout(500)
            tab.goto(address)
            tab.wait_for_selector("#model-name:not(:empty)")
            if tab.locator("#model-name").inner_text() == "updated":
                break
        tab.context.set_offline(True)
        tab.reload()
        assert replies(tab, POSTS[0]) == expected
        assert tab.locator("#model-name").inner_text() == "updated"


@pytest.mark.slow
def test_files_of_another_version_are_not_mixed(site, tab, tmp_path):
    """The browser had no space for the large files, and the site has changed since."""
    updated = shutil.copytree(site, tmp_path / "site")
    with served(updated) as address:
        tab.goto(address)
        expected = replies(tab, POSTS[0])
        tab.evaluate(
            """async () => {
              await navigator.serviceWorker.ready;
              for (const name of await caches.keys()) {
                const cache = await caches.open(name);
                for (const request of await cache.keys()) {
                  if (request.url.endsWith("text.json")) await cache.delete(request);
                }
              }
            }"""
        )
        text = updated / "model/text.json"
        content = text.read_text()
        text.write_text(f"{content[:-1]} }}")
        described = json.loads((site / "model/site.json").read_text())
        digests = described["digests"] | {"model/text.json": sha256(text)}
        sizes = described["sizes"] | {"model/text.json": text.stat().st_size}
        content = json.dumps(described | {"model": "updated", "digests": digests, "sizes": sizes})
        (updated / "model/site.json").write_text(content)
        tab.goto(address)
        message = tab.locator("#message", has_text="text.json")
        message.wait_for()
        assert message.inner_text() == (
            "model/text.json: the site has changed since it was stored here. Reload the page."
        )
        tab.reload()
        assert replies(tab, POSTS[0]) == expected
        assert tab.locator("#model-name").inner_text() == "updated"


def test_missing_file_is_reported_in_the_page(site, tab, tmp_path):
    broken = shutil.copytree(site, tmp_path / "site")
    (broken / "model" / IDS).unlink()
    with served(broken) as address:
        tab.goto(address)
        message = tab.locator("#message", has_text="404")
        message.wait_for()
        assert message.inner_text() == f"model/{IDS}: expected the file, got status 404."
        tab.get_by_role("button", name="About this model").click()
        tab.get_by_role("button", name="Close").click()
        assert message.is_visible(), "the card does not hide it"


def test_benchmark_of_the_page(site, tmp_path):
    if shutil.which("chromium") is None:
        pytest.skip("no Chromium on this machine")
    # In a process of its own: Playwright allows one instance in each.
    flags = ["--quick", "--output", str(tmp_path), "--post", "你好"]
    subprocess.run(
        [sys.executable, "-m", "benchmarks.web", str(site), *flags], check=True, cwd=ROOT
    )
    rows = json.loads((tmp_path / "web.json").read_text())["rows"]
    assert [row["what"].split(",")[0] for row in rows] == [
        "size of the site",
        "first load",
        "load from the browser's cache",
        "6 replies",
    ]
    assert all(row["met"] == (row["value"] < row["target"]) for row in rows if "target" in row)
