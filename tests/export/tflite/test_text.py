"""Text processing of `text.tflite`, compared with `TextProcessor`."""

import dataclasses
import random
import re

import numpy as np
import pytest
import tensorflow as tf
from hard_texts import BY_LANGUAGE, CHINESE, RAW, WORDS, random_texts

from data_prep.build.segmentation import unigram_model
from ecm_tf.core.errors import InputError
from ecm_tf.text.processor import TextProcessor
from ecm_tf.text.vocabulary import PAD, SPECIALS
from export.tflite.text import CompactText

FAMILY = "👨\u200d👩\u200d👧"
ENGLAND = "🏴" + "".join(chr(0xE0000 + ord(c)) for c in "gbeng") + "\U000e007f"


@pytest.mark.parametrize("language", BY_LANGUAGE)
@pytest.mark.parametrize("digits", [True, False])
def test_post_ids_equal_those_of_the_tokenizer(language, digits):
    assets = dataclasses.replace(BY_LANGUAGE[language], normalize_digits=digits)
    texts = tf.constant([*random_texts(language), *(post for post in RAW if b"\0" not in post)])
    expected = TextProcessor(assets).post_matrix(texts, 1, 9).numpy()
    results = CompactText(assets, 1, 9).post_ids(texts).numpy()
    for text, row, ids in zip(texts.numpy(), expected.tolist(), results.tolist(), strict=True):
        assert ids == row, text.decode(errors="replace")
    assert len(np.unique(expected)) >= len(assets.post_words) - 3, (
        "most words of the vocabulary occur"
    )


@pytest.mark.parametrize("language", BY_LANGUAGE)
@pytest.mark.parametrize("normalization", ["width", "none"])
def test_post_ids_of_normalized_characters(language, normalization):
    words = [
        *BY_LANGUAGE[language].post_words,
        FAMILY,
        "👩🏽\u200d🚀",
        ENGLAND,
        "hi",
        "ｈｉ",
        "❤\ufe0f",
    ]
    assets = dataclasses.replace(
        BY_LANGUAGE[language], normalization=normalization, post_words=words
    )
    if assets.tokenizer_model is not None:
        counts = {**WORDS, **dict.fromkeys(words[-6:], 5)}
        model = unigram_model(counts, set("".join(counts)))
        assets = dataclasses.replace(assets, tokenizer_model=model)
    generator = random.Random(4)
    parts = [*words[4:], "ＯＫ", "７th", "Ｔ恤", "\u2060", "，", "😀", "\u200d猫", "ａb"]
    texts = [
        "".join(
            generator.choice(parts) + generator.choice(["", "", " ", "\u3000", "\u200b", "\ufeff "])
            for _ in range(generator.randrange(12))
        )
        for _ in range(600)
    ]
    # The documented exceptions: a joiner after an emoji that none follows; a format character
    # followed by another one and a space, or by a space other than " ".
    joiner, format_ = "[😀🚀👧🏽\ufe0f]\u200d[^👩🚀]", "[\u200b\u200d\u2060\ufeff]"
    exceptions = re.compile(f"{joiner}|{format_}(?:\u3000|{format_}+[ \u3000])")
    texts = [text for text in texts if not exceptions.search(text)]
    assert len(texts) > 400
    expected = TextProcessor(assets).post_matrix(tf.constant(texts), 1, 9).numpy()
    results = CompactText(assets, 1, 9).post_ids(tf.constant(texts)).numpy()
    for text, row, ids in zip(texts, expected.tolist(), results.tolist(), strict=True):
        assert ids == row, ascii(text)
    assert len(np.unique(expected)) >= len(words) - 4, "most words of the vocabulary occur"


def test_nfkc_is_refused():
    with pytest.raises(InputError, match="expected the normalization width or none"):
        CompactText(dataclasses.replace(CHINESE, normalization="nfkc"), 1, 9)


@pytest.mark.parametrize("language", BY_LANGUAGE)
def test_reply_texts_equal_those_of_the_detokenizer(language):
    assets = BY_LANGUAGE[language]
    generator = np.random.default_rng(2)
    lengths = generator.integers(0, 7, [400]).astype("int32")
    ids = generator.integers(len(SPECIALS), len(assets.response_words), [400, 6])
    ids = np.where(np.arange(6) < lengths[:, None], ids, PAD).astype("int32")
    expected = TextProcessor(assets).response_text(tf.constant(ids), tf.constant(lengths))
    results = CompactText(assets, 1, 9).reply_text(tf.constant(ids))
    assert results.numpy().tolist() == expected.numpy().tolist()


def test_width_of_post_ids_is_within_its_bounds():
    text = CompactText(CHINESE, 4, 6)
    assert text.post_ids(tf.constant([""])).shape == [1, 4]
    assert text.post_ids(tf.constant(["我猫" * 9, "我"])).shape == [2, 6]
