"""The models that ship with the package."""

import re

import pytest

import ecm_tf
from ecm_tf.core.manifest import read_manifest, verify_files
from ecm_tf.core.released import PRETRAINED, released_models
from experiments.blocked_replies import blocked_pattern

MAX_BYTES = 16_000_000
POSTS = {
    "zh": ["今天又加班到十点。", "我考试及格了！", "", "😀"],
    "en": ["I had to work until ten again.", "I passed the exam!", "", "😀"],
}


@pytest.mark.parametrize("name", released_models())
def test_released_model_is_complete(name):
    directory = PRETRAINED / name
    files = [path for path in directory.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= MAX_BYTES
    manifest = read_manifest(directory, "model")
    verify_files(directory, manifest)
    names = {path.relative_to(directory).as_posix() for path in files}
    assert names == {*manifest["files"], "manifest.json"}
    assert {"block_words.txt", "README.md", "search.json"} <= names
    assert any(path.startswith("classifier/") for path in names)
    card = (directory / "README.md").read_text()
    assert "license: cc-by-nc-sa-4.0" in card
    assert "### Test part" in card


@pytest.mark.slow
@pytest.mark.parametrize("name", released_models())
def test_released_model_replies_in_every_emotion(name):
    words = (PRETRAINED / name / "block_words.txt").read_text().splitlines()
    blocked = blocked_pattern([word for word in words if word and not word.startswith("#")])
    bot = ecm_tf.load(name)
    rows = [bot.replies(post) for post in POSTS[name]]
    for row in rows:
        assert [reply.emotion for reply in row] == bot.emotions.names
        assert not any(blocked.search(reply.text) for reply in row)
    texts = [reply.text for row in rows for reply in row]
    assert all(texts)
    assert len(set(texts)) > 15
    script = r"[a-z]" if name == "en" else r"[\u4e00-\u9fff]"
    assert all(re.search(script, text) for text in texts)


def test_chinese_and_english_are_released():
    assert released_models() == ["en", "zh"]
