"""Times of a page of `export.web` in Chromium: the first load, a later one, and six replies.

The site is served by `http.server` on loopback, so that loading takes no time for the network. It
needs Playwright and Chromium (`chromium` on the PATH).
"""

import argparse
import json
import shutil
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from benchmarks.report import Row, run
from ecm_tf.core.errors import InputError

POSTS = ("今天又加班到十点。", "我们家的猫走丢了，怎么办？", "明天就放假了！", "你好")
REPEATS = 7
SITE_TARGET_MB, REPLIES_TARGET = 20, 300

_REPLY = """post => new Promise((resolve, reject) => {
  const replies = document.getElementById("replies");
  const start = performance.now();
  new MutationObserver((_, observer) => {
    if (replies.hasAttribute("aria-busy")) return;
    observer.disconnect();
    const message = document.getElementById("message");
    if (message.hidden) resolve(performance.now() - start);
    else reject(new Error(message.textContent));
  }).observe(replies, { attributes: true, attributeFilter: ["aria-busy"] });
  document.getElementById("post").value = post;
  document.getElementById("form").requestSubmit();
})"""
"""Sends a post; resolves to the milliseconds until the cards are shown."""


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def _served(site: Path) -> Iterator[str]:
    handler = partial(_Handler, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def _load(page: Page, address: str) -> float:
    """Returns the milliseconds until the page can reply."""
    start = time.perf_counter()
    page.goto(address)
    page.wait_for_selector("#send:not([disabled])", timeout=120_000)
    return 1000 * (time.perf_counter() - start)


def rows(arguments: argparse.Namespace) -> Iterator[Row]:
    """Yields the rows of the table."""
    site, chromium = arguments.site, shutil.which("chromium")
    if not (site / "model/site.json").is_file():
        raise InputError(f"{site}: expected a folder of export.web.")
    if not all(post.strip() for post in arguments.post or POSTS):
        raise InputError("--post: expected a text, got none.")
    if chromium is None:
        raise InputError("chromium: expected it on the PATH, found none.")
    size = sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) / 1e6
    yield {
        "what": "size of the site, MB",
        "value": size,
        "target": SITE_TARGET_MB,
        "met": size < SITE_TARGET_MB,
    }
    emotions = len(json.loads((site / "model/site.json").read_text())["emotions"])
    with _served(site) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        yield {"what": "first load, ms", "value": _load(page, address)}
        page.evaluate("navigator.serviceWorker.ready.then(() => null)")
        yield {"what": "load from the browser's cache, ms", "value": _load(page, address)}
        posts = arguments.post or POSTS
        page.evaluate(_REPLY, posts[0])
        durations = [
            page.evaluate(_REPLY, post)
            for _ in range(1 if arguments.quick else REPEATS)
            for post in posts
        ]
        browser.close()
    median = statistics.median(durations)
    yield {
        "what": f"{emotions} replies, ms",
        "value": median,
        "slowest": max(durations),
        "target": REPLIES_TARGET,
        "met": median < REPLIES_TARGET,
    }


def _flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("site", type=Path, help="folder written by export.web")
    parser.add_argument(
        "--post", action="append", help="post to reply to; may be repeated (default: four posts)"
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the command; see `--help`."""
    run("web", __doc__, rows, _flags, argv)


if __name__ == "__main__":
    main()
