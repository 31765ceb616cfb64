import dataclasses
import json

import pytest

from ecm_tf.core.errors import InputError
from ecm_tf.text.assets import TextAssets


def test_external_memory_mask(assets):
    words = assets.response_words
    mask = assets.external_memory_mask
    assert [[word for word, on in zip(words, row, strict=True) if on] for row in mask] == [
        [], ["喜欢"], [], [], [], ["你", "hello"]
    ]  # fmt: skip


@pytest.mark.parametrize("segmenter", ["jieba", "whitespace"])
def test_assets_round_trip(assets, segmenter, tmp_path):
    if segmenter == "whitespace":
        assets = dataclasses.replace(assets, tokenizer_model=None, normalize_digits=False)
    names = assets.save(tmp_path / "new" / "assets")
    loaded = TextAssets.load(tmp_path / "new" / "assets")
    assert loaded == assets
    assert sorted(names) == sorted(p.name for p in (tmp_path / "new" / "assets").iterdir())
    assert json.loads((tmp_path / "new/assets/text.json").read_text())["segmenter"] == segmenter


@pytest.mark.parametrize(
    "name",
    [
        "text.json",
        "post_vocabulary.txt",
        "response_vocabulary.txt",
        "emotions.json",
        "external_memory.json",
        "tokenizer.model",
    ],
)
def test_missing_files_are_named(assets, name, tmp_path):
    assets.save(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(InputError, match=name):
        TextAssets.load(tmp_path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("post_vocabulary.txt", "_PAD\n_UNK\n_GO\n_EOS\n你\n"),
        ("response_vocabulary.txt", "我\n你\n"),
        ("post_vocabulary.txt", "_PAD\n_UNK\n_EOS\n_GO\n你\n你\n"),
        ("emotions.json", "no JSON"),
        ("emotions.json", "[]"),
        ("emotions.json", '{"other": 0}'),
    ],
)
def test_malformed_files_are_named(assets, name, content, tmp_path):
    assets.save(tmp_path)
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        TextAssets.load(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *(("text.json", content) for content in ("no JSON", "{}", "[]", "3")),
        ("text.json", '{"segmenter": "thulac", "normalize_digits": true}'),
        ("text.json", '{"segmenter": ["jieba"], "normalize_digits": true}'),
        ("text.json", '{"segmenter": "jieba", "normalize_digits": "no"}'),
        ("external_memory.json", "no JSON"),
    ],
)
def test_malformed_settings_are_refused(assets, name, content, tmp_path):
    assets.save(tmp_path)
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        TextAssets.load(tmp_path)
    assert str(tmp_path) in str(caught.value)
