import dataclasses
import json

import pytest
import tensorflow as tf
from decoded import decode_strings

from ecm_tf.core.errors import InputError
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.processor import TextProcessor
from ecm_tf.text.segmenters import SEGMENTERS


def test_external_memory_mask(assets):
    words = assets.response_words
    mask = assets.external_memory_mask
    assert [[word for word, on in zip(words, row, strict=True) if on] for row in mask] == [
        [], ["喜欢"], [], [], [], ["你", "hello"]
    ]  # fmt: skip


@pytest.mark.parametrize("segmenter", SEGMENTERS)
def test_assets_round_trip(assets, segmenter, tmp_path):
    if segmenter != "jieba":
        assets = dataclasses.replace(
            assets, segmenter=segmenter, tokenizer_model=None, normalize_digits=False
        )
    names = assets.save(tmp_path / "new" / "assets")
    loaded = TextAssets.load(tmp_path / "new" / "assets")
    assert loaded == assets
    assert sorted(names) == sorted(p.name for p in (tmp_path / "new" / "assets").iterdir())
    assert json.loads((tmp_path / "new/assets/text.json").read_text())["segmenter"] == segmenter


def test_normalization_is_recorded(assets, tmp_path):
    assets = dataclasses.replace(assets, normalization="width")
    assets.save(tmp_path)
    assert json.loads((tmp_path / "text.json").read_text())["normalization"] == "width"
    assert TextAssets.load(tmp_path) == assets


def test_files_without_a_normalization_keep_their_bytes_and_their_behaviour(assets, tmp_path):
    assets.save(tmp_path)
    assert json.loads((tmp_path / "text.json").read_text()).keys() == {
        *("segmenter", "normalize_digits")
    }
    tokens = TextProcessor(TextAssets.load(tmp_path)).tokenize(tf.constant(["Ａ 我\u200b喜欢"]))
    assert decode_strings(tokens) == [["Ａ", "我", "喜欢"]]


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
        *(
            (
                "text.json",
                f'{{"segmenter": "jieba", "normalize_digits": true, "normalization": {n}}}',
            )
            for n in ('"NFD"', "3", "[]")
        ),
        ("external_memory.json", "no JSON"),
    ],
)
def test_malformed_settings_are_refused(assets, name, content, tmp_path):
    assets.save(tmp_path)
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        TextAssets.load(tmp_path)
    assert str(tmp_path) in str(caught.value)
