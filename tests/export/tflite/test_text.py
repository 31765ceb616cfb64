"""Text processing of `text.tflite`, compared with `TextProcessor`."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from hard_texts import BY_LANGUAGE, CHINESE, RAW, random_texts

from ecm_tf.text.processor import TextProcessor
from ecm_tf.text.vocabulary import PAD, SPECIALS
from export.tflite.text import CompactText


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
