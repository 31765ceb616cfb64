"""Texts for the tests of the page's text processing, with the ids of the graph's tokenizer.

`python tests/support/web_fixtures.py`, with `tests/support` and the root on PYTHONPATH, writes them
to `web/tests/fixtures`, where `web/tests/text.test.ts` reads them.
"""

import dataclasses
import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from hard_texts import CHINESE, ENGLISH, PARTS, SPACES, WORDS

from data_prep.build.segmentation import unigram_model
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.processor import TextProcessor
from ecm_tf.text.vocabulary import SPECIALS
from export.web.text import text_settings

DIRECTORY = Path(__file__).parents[2] / "web" / "tests" / "fixtures"
LENGTH = 30
"""Number of ids of a post."""

EMOJI = [
    "👨\u200d👩\u200d👧",
    "👩🏽\u200d🚀",
    "❤\ufe0f",
    "👍🏿",
    "🏴" + "".join(chr(0xE0000 + ord(c)) for c in "gbeng") + "\U000e007f",
    "🇨🇳",
    "😀\u200d",
    "\u200d猫",
]
ODD = [
    *("ＯＫ", "７th", "Ｔ恤", "ａb", "ﬁ", "①", "㍿", "½", "Ǆ", "İ", "Σας", "ß"),
    *("\u200b", "\u2060", "\ufeff", "\u00ad", "\ue000", "\U000f0000", "\x00", "\x7f", "\x85"),
    *("\ufffd", "\ud800", "\udfff", "\ufdd0", "\u0378", "▁", "_EOS", "_GO _PAD", "，", "!", "…"),
    *("é", "e\u0301", "한국", "ไทย", "नमस्ते", "\u202eabc", "𠮷", "𝒜"),
]
CONTRACTIONS = [
    *("Don't", "don’t", "I'M", "it's", "he ' s", "do n't", "can't've", "'tis", "o'clock"),
    *('"Hi,"', "“so”", "she said 'no'.", "Mr. Li", "p.m.", "U.S.", "3.5", "10,000", "10:30"),
    *("well-known", "wait...", "wait....", "what?!", "(ok)", "[x]", "$5", "#1", "50%", "a/b", "i"),
]
ENGLISH_WORDS = [
    *("i", "do", "n't", "'m", "'s", "it", "is", "he", "ca", "'ve", "'", '"', "hi", ",", ".", "so"),
    *("mr.", "li", "p.m.", "u.s.", "3.5", "0.0", "00:00", "10:30", "well-known", "...", "?", "!"),
    *("(", ")", "ok", "[", "]", "$", "#", "%", "a", "the", "cat", "sat", "she", "said", "no", "猫"),
]


def languages() -> dict[str, TextAssets]:
    """Returns the text assets of each fixture."""
    words = [*CHINESE.post_words, *EMOJI, "ok", "th", "0th", "7th", "fi", "𠮷", "▁"]
    counts = {**WORDS, **dict.fromkeys(EMOJI, 5), "啊": 9, "啊啊": 3, "𠮷": 2}
    chinese = dataclasses.replace(
        CHINESE, post_words=words, tokenizer_model=unigram_model(counts, set("".join(counts)))
    )
    return {
        "chinese": dataclasses.replace(chinese, normalization="width"),
        "nfkc": dataclasses.replace(chinese, normalization="nfkc", normalize_digits=False),
        "unrecorded": chinese,
        "whitespace": dataclasses.replace(ENGLISH, normalization="none"),
        "english": dataclasses.replace(
            ENGLISH,
            segmenter="english",
            normalization="width",
            normalize_digits=False,
            post_words=[*SPECIALS, *ENGLISH_WORDS],
            response_words=[*SPECIALS, *ENGLISH_WORDS],
        ),
    }


def texts(language: str) -> Iterable[tuple[str, int]]:
    """Yields texts, each with the number of times that it is repeated."""
    yield from ((text, 1) for text in (*EMOJI, *ODD, *CONTRACTIONS, "", " ", "\u3000", "a  b "))
    yield from ((text, 100_000) for text in ("a", "猫", "😀", " ", "啊", "\u200b"))
    yield from ((text, 999) for text in ("a ", "ＯＫ", "ﷺ", "𠮷"))
    generator = random.Random(language)
    script = "English" if language in ("english", "whitespace") else "Chinese"
    parts = [*PARTS[script], *PARTS[script], *EMOJI, *ODD, *CONTRACTIONS, "啊", "啊啊"]
    for _ in range(240):
        chosen = [
            generator.choice(parts) + generator.choice(SPACES)
            for _ in range(generator.randrange(1, 14))
        ]
        yield "".join(chosen), 1


def fixture(assets: TextAssets, cases: Iterable[tuple[str, int]]) -> dict[str, Any]:
    """Returns the content of a fixture: settings, posts with their ids, and replies.

    Args:
        assets: text assets.
        cases: texts, each with the number of times that it is repeated.
    """
    cases = list(cases)
    processor = TextProcessor(assets)
    posts = tf.constant([as_utf8(text * count) for text, count in cases])
    ids = processor.post_matrix(posts, LENGTH, LENGTH).numpy()
    generator = np.random.default_rng(0)
    lengths = generator.integers(0, 12, [100]).astype("int32")
    replies = generator.integers(len(SPECIALS), len(assets.response_words), [100, 12], "int32")
    reply_texts = processor.response_text(tf.constant(replies), tf.constant(lengths)).numpy()
    return {
        "settings": text_settings(assets),
        "length": LENGTH,
        "posts": [
            {"text": text, "repeat": count, "ids": np.trim_zeros(row, "b").tolist()}
            for (text, count), row in zip(cases, ids, strict=True)
        ],
        "replies": [
            {"ids": row[:length].tolist(), "text": text.decode()}
            for row, length, text in zip(replies, lengths, reply_texts, strict=True)
        ],
    }


def as_utf8(text: str) -> bytes:
    """Returns the bytes of a text in which the page replaces lone surrogates by U+FFFD."""
    return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text).encode()


def as_json(content: dict[str, Any]) -> str:
    """Returns the text of a fixture's file; lone surrogates are escaped."""
    return json.dumps(content, indent=None, separators=(",", ":")) + "\n"


if __name__ == "__main__":
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    for name, assets in languages().items():
        (DIRECTORY / f"{name}.json").write_text(as_json(fixture(assets, texts(name))))
