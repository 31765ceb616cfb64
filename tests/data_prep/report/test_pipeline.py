"""`data_prep report`: the page, its pictures and invalid input."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from data_prep.__main__ import main as data_prep
from data_prep.report.pipeline import make_report
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import read_manifest, verify_files

PNG = b"\x89PNG\r\n\x1a\n"
VOID = {"meta", "img", "br", "link"}


class Page(HTMLParser):
    """Parses the tags of a page with their attributes, and checks that every element is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def of(self, name: str) -> list[dict]:
        return [attributes for tag, attributes in self.tags if tag == name]


def text(html: str) -> str:
    """Returns the visible text with single spaces."""
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL))


def build(directory: Path, rows: list[dict], *flags: str) -> Path:
    path = directory / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    made = directory / "made"
    data_prep(
        [
            *("build", "--train", str(path), "--output", str(made), "--segmenter", "whitespace"),
            *("--dev_fraction", "0", "--test_fraction", "0", *flags),
        ]
    )
    return made


def report(dataset: Path, output: Path, *flags: str) -> str:
    data_prep(["report", str(dataset), "--output", str(output), *flags])
    return (output / "index.html").read_text(encoding="utf-8")


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A dataset with repeated pairs, post emotions and HTML in texts; dev is the same as train."""
    directory = tmp_path_factory.mktemp("hostile")
    rows = [
        {
            "post": "<script>alert(1)</script> & co",
            "response": '"><img src=x onerror=alert(1)>',
            "emotion": "happy",
            "post_emotion": "sad",
        },
        *({"post": "hello", "response": "ha ha", "emotion": 5, "post_emotion": 5},) * 3,
        {"post": "hello", "response": "{{ 7 * 7 }} $x^$", "emotion": 0},
    ]
    return build(directory, rows, "--dev", str(directory / "pairs.jsonl"))


@pytest.fixture(scope="module")
def page_directory(made, tmp_path_factory) -> Path:
    """The report of `made`."""
    output = tmp_path_factory.mktemp("report") / "made"
    report(made, output)
    return output


@pytest.fixture(scope="module")
def html(page_directory) -> str:
    return (page_directory / "index.html").read_text(encoding="utf-8")


def test_page_is_self_contained(html):
    page = Page(html)
    assert page.open == []
    assert not {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object", "base"}
    assert len(page.of("img")) == 3
    for image in page.of("img"):
        assert image["src"].startswith("data:image/png;base64,")
        assert image["alt"]
    assert "url(" not in html and "@import" not in html
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    links = {link["href"] for link in page.of("a")}
    assert {f"#{id_}" for id_ in ids} == links
    assert {"viewport"} <= {meta.get("name") for meta in page.of("meta")}
    assert len(page.of("caption")) == len(page.of("table"))


def test_texts_are_escaped(html):
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in html
    assert "&#34;&gt;&lt;img src=x onerror=alert(1)&gt;" in html
    assert "{{ 7 * 7 }}" in html


def test_numbers_on_the_page(html):
    words = text(html)
    assert (
        "10 pairs of a post and a response. Each response is labelled with one of 6 emotions"
        in words
    )
    assert "2 of the training pairs (40.00 %)" in words
    assert "A post has 2.50 responses on average and 4 at most" in words
    assert "known for 4 of the 5 training pairs" in words
    assert "No training response is labelled angry" in words
    assert "2 posts of dev also occur in training" in words
    assert "The split test has no pairs" in words
    assert "leakage" in words
    assert "sad 悲伤 0 0 0 0 0 1 happy 高兴 0 0 0 0 0 3" in words
    assert "ha ha 3 60.00 %" in words
    assert "happy 高兴 4 4 0 80.0 %" in words
    assert "pairs.jsonl" in words


def test_page_without_external_memory_names_the_lexicon_command(html):
    assert "python -m data_prep lexicon" in html
    assert "has no emotion words" in html


def test_page_without_post_emotions(dataset, tmp_path):
    html = report(dataset, tmp_path / "page")
    assert "has no emotion labels of posts" in html
    assert len(Page(html).of("img")) == 2
    assert not (tmp_path / "page" / "interaction.png").exists()
    assert "喜欢" in html and "恭喜" in html
    assert "python -m data_prep lexicon" not in html


def test_rare_categories_are_marked(tmp_path):
    rows = [{"post": f"p {i}", "response": "r", "emotion": 0} for i in range(150)]
    rows.append({"post": "p", "response": "r", "emotion": "sad"})
    words = text(report(build(tmp_path, rows), tmp_path / "page"))
    assert "Only 0.66 % of the training responses are labelled sad" in words
    assert "sad 悲伤 rare" in words


def test_many_categories_with_chinese_names(tmp_path):
    names = ["平静", "感动", *(f"$e_{i}" for i in range(10))]
    emotions = tmp_path / "emotions.json"
    emotions.write_text(json.dumps([{"name": name} for name in names]), encoding="utf-8")
    rows = [{"post": "p", "response": "r", "emotion": n, "post_emotion": n} for n in names]
    html = report(build(tmp_path, rows, "--emotions", str(emotions)), tmp_path / "page")
    assert "平静" in html and "$e_9" in html


def test_report_is_deterministic(made, page_directory, tmp_path):
    report(made, tmp_path / "again")
    assert contents(tmp_path / "again") == contents(page_directory)


def test_default_output_and_files(made, capsys):
    data_prep(["report", str(made), "--examples", "1"])
    output = made.with_name("made-report")
    assert capsys.readouterr().out == f"report: {output / 'index.html'}\n"
    manifest = read_manifest(output, "report")
    verify_files(output, manifest)
    assert manifest["settings"] == {"examples": 1}
    files = contents(output)
    assert files["index.html"].count(b'class="reply"') == 2
    assert sorted(files) == [
        *("emotions.png", "index.html", "interaction.png", "lengths.png", "manifest.json")
    ]
    for name in ("emotions.png", "interaction.png", "lengths.png"):
        assert files[name].startswith(PNG)
        assert b"Software" not in files[name]


def test_number_of_examples(made, tmp_path):
    def examples(count: int) -> int:
        html = report(made, tmp_path / str(count), "--examples", str(count))
        return html.count('class="reply"')

    assert examples(3) == 4
    assert examples(99) == 5


def test_only_a_report_is_overwritten_and_only_on_request(made, page_directory, tmp_path):
    output = shutil.copytree(page_directory, tmp_path / "page")
    with pytest.raises(
        InputError, match="a report directory exists already; --overwrite replaces it"
    ):
        report(made, output)
    report(made, output, "--overwrite")
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.txt").write_text("mine")
    for directory in (other, made):
        with pytest.raises(InputError, match="contains other files"):
            report(made, directory, "--overwrite")
    assert (other / "mine.txt").read_text() == "mine"
    read_manifest(made, "dataset")


def test_missing_dataset_is_rejected(tmp_path):
    with pytest.raises(InputError, match="no such directory; expected a dataset directory"):
        report(tmp_path / "nothing", tmp_path / "page")
    assert not (tmp_path / "page").exists()


def test_zero_examples_are_rejected(made, tmp_path):
    with pytest.raises(InputError, match="--examples: expected at least 1, got 0"):
        make_report(made, tmp_path / "page", examples=0)
