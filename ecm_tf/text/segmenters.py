"""The segmenters: how texts become words."""

from typing import Literal, get_args

Segmenter = Literal["jieba", "english", "whitespace"]
SEGMENTERS: tuple[Segmenter, ...] = get_args(Segmenter)
LANGUAGES: dict[Segmenter, str] = {"jieba": "zh", "english": "en", "whitespace": ""}
"""Language of the texts, as in HTML's `lang`; empty for text of any language."""
DESCRIPTION = (
    "jieba: raw Chinese text (Chinese text split by spaces gives the same tokens); english: raw "
    "English text; whitespace: text of any language that is already split by spaces"
)
