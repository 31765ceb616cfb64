"""A small unigram model, and text assets with it."""

import pytest

from data_prep.build.segmentation import unigram_model
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.emotions import DEFAULT
from ecm_tf.text.vocabulary import SPECIALS

WORDS = {"今天": 40, "天气": 30, "真": 20, "好": 25, "我": 50, "喜欢": 30, "你": 30, "，": 60}


@pytest.fixture(scope="session")
def unigram() -> bytes:
    return unigram_model(WORDS, set("".join(WORDS)))


@pytest.fixture(scope="session")
def assets(unigram) -> TextAssets:
    return TextAssets(
        post_words=[*SPECIALS, "今天", "天气", "abc00"],
        response_words=[*SPECIALS, "喜欢", "你", "，", "hello", "world"],
        emotions=DEFAULT,
        external_memory=[[], ["喜欢"], [], [], [], ["hello", "你"]],
        normalize_digits=True,
        tokenizer_model=unigram,
        segmenter="jieba",
    )
