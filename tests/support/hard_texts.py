"""Texts that are hard to tokenize, and assets to tokenize them with."""

import random

from data_prep.build.segmentation import unigram_model
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.emotions import DEFAULT
from ecm_tf.text.vocabulary import SPECIALS

POSTS = [
    "我的猫会握手",
    "",
    "今天天气真好，周末去哪里玩",
    "他 又 迟到 了",
    "囧😀",
    " \t\n",
    "猫" * 5000,
    "a" * 100_000,
    "球队赢了3比0 ok",
    b"\xff\xfe\xfd",
    "_EOS _GO _PAD",
]
RAW = [post if isinstance(post, bytes) else post.encode() for post in POSTS]
ENGLISH = TextAssets(
    post_words=[*SPECIALS, "the", "cat", "sat", "s", "0th", "don't", "猫"],
    response_words=[*SPECIALS, "a", "cat", ".", "is", "猫"],
    emotions=DEFAULT,
    external_memory=[[], ["cat"], [], [], [], ["a"]],
    normalize_digits=True,
    tokenizer_model=None,
)
WORDS = {"我": 50, "的": 40, "猫": 30, "我的": 30, "T恤": 20, "恤": 1, "卡拉OK": 9, "OK": 7, "▁": 2}
CHINESE = TextAssets(
    post_words=[
        *SPECIALS,
        "我",
        "的",
        "猫",
        "T恤",
        "a",
        "ab",
        "abc",
        "b",
        "cab0",
        "OK",
        "OKab",
        "卡拉OK",
    ],
    response_words=[*SPECIALS, "我", "猫", "ok", "a", "b-a", "，", "b", "T恤", "0", "-"],
    emotions=DEFAULT,
    external_memory=[[]] * 6,
    segmenter="jieba",
    normalize_digits=True,
    tokenizer_model=unigram_model(WORDS, set("".join(WORDS))),
)
PARTS = {
    "English": ["the", "cat", "sat", "s", "7th", "don't", "猫", "x", "😀"],
    "Chinese": ["我", "的", "猫", "T恤", "a", "b", "c", "ab", "1", "OK", "卡拉", "囧", "x", "。"],
}
SPACES = ["", "", " ", "  ", "\t", "\u3000", "\u200b", "\xa0", "\r\n"]
BY_LANGUAGE = {"English": ENGLISH, "Chinese": CHINESE}


def random_texts(language, number=500):
    """Texts of known and unknown words, with and without all kinds of spaces."""
    generator = random.Random(1)
    parts = PARTS[language]
    return [
        "".join(
            generator.choice(parts) + generator.choice(SPACES)
            for _ in range(generator.randrange(12))
        )
        for _ in range(number)
    ]
