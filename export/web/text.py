"""The settings of the page's text processing, `web/src/text.ts`, from those of `ecm_tf.text`."""

import re
from collections.abc import Sequence
from typing import Any

from sentencepiece import sentencepiece_model_pb2

from ecm_tf.text import english
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.characters import MAX_CHARACTERS
from ecm_tf.text.normalization import FORMATS, SPACES
from ecm_tf.text.spacing import MEANINGLESS_SPACES
from ecm_tf.text.vocabulary import SPECIALS, UNK

_SPLIT = {
    "jieba": [(MEANINGLESS_SPACES, r"\1")],
    "english": english.SPLIT,
    "whitespace": [],
}
_JOIN = _SPLIT | {"english": english.JOIN}


def text_settings(assets: TextAssets) -> dict[str, Any]:
    """Returns the content of `text.json`: what `TextSettings` of `web/src/text.ts` declares.

    Its rules are regular expressions of JavaScript with the flag `u`, with their replacements.

    Args:
        assets: text assets of the model.
    """
    return {
        "maxCharacters": MAX_CHARACTERS,
        "normalization": assets.normalization,
        "formats": _rules([(FORMATS, r"\1")] if assets.normalization is not None else []),
        "spaces": _rules([(SPACES[assets.normalization is not None], " ")]),
        "digits": _rules([("[0-9]", "0")] if assets.normalize_digits else []),
        "segmenter": assets.segmenter,
        "split": _rules(_SPLIT[assets.segmenter]),
        "join": _rules(_JOIN[assets.segmenter]),
        "pieces": _pieces(assets.tokenizer_model) if assets.tokenizer_model else [],
        "postWords": list(assets.post_words),
        "responseWords": list(assets.response_words),
        "specials": len(SPECIALS),
        "unknown": UNK,
    }


def _rules(rules: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    # Patterns are valid in both languages; a replacement names its groups \1 or $1.
    return [(pattern, re.sub(r"\\(\d)", r"$\1", to)) for pattern, to in rules]


def _pieces(tokenizer_model: bytes) -> list[tuple[str, float]]:
    proto = sentencepiece_model_pb2.ModelProto  # type: ignore[attr-defined]
    pieces = proto.FromString(tokenizer_model).pieces
    return [(piece.piece, piece.score) for piece in pieces if piece.type == piece.NORMAL]
