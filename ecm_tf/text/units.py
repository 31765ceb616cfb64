"""The units in which replies are searched for blocked words.

A unit is a whole word of a script with spaces, or one character of a script without them. A blocked
word is a sequence of units: `ass` does not occur in `class`, but 傻子 occurs in 大傻子. This module
does not import TensorFlow.
"""

import re

from ecm_tf.text.characters import CONTRACTED
from ecm_tf.text.segmenters import Segmenter
from ecm_tf.text.spacing import ASCII_WORD

_CHINESE_AND_JAPANESE = "\u2e80-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
_SPACED = re.compile(rf"[^\W{_CHINESE_AND_JAPANESE}]+|[^ ]")
_UNSPACED = re.compile(f"{ASCII_WORD}|[^ ]")
"""The detokenizer of jieba's tokens keeps spaces between ASCII words only."""
_CONTRACTED = re.compile(f"(?i)n't|'(?:{CONTRACTED})")


def units_of(token: str, segmenter: Segmenter) -> list[str]:
    """Returns the units of a token, without letter case.

    The units of a text are those of its tokens, because the text of several tokens never joins two
    units to one.

    Args:
        token: a token of the segmenter, such as a word of a vocabulary.
        segmenter: how the model's texts become tokens. For `"jieba"`, words are runs of ASCII
            letters and digits; otherwise they are runs of letters, digits and underscores that are
            not Chinese or Japanese, and the end of a contraction (`n't`, `'s`).
    """
    if segmenter != "jieba" and _CONTRACTED.fullmatch(token):
        return [token.casefold()]
    pattern = _UNSPACED if segmenter == "jieba" else _SPACED
    return [unit.casefold() for unit in pattern.findall(token)]
