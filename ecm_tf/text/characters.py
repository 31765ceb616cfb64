"""How characters are normalized, and how many of them a text keeps.

This module does not import TensorFlow. The regular expressions are valid in Python and in RE2,
which TensorFlow uses.
"""

from typing import Literal, get_args

Normalization = Literal["width", "nfkc", "none"]
"""How characters are normalized.

- `"width"`: full-width letters and digits become ASCII (Unicode's NFKC restricted to them).
- `"nfkc"`: the whole text is normalized to NFKC, which also replaces Chinese punctuation by ASCII.
- `"none"`: letters, digits and punctuation are kept.

All three remove format characters such as the zero-width space without leaving a gap.
"""
NORMALIZATIONS: tuple[str, ...] = get_args(Normalization)

MAX_CHARACTERS = 1000
"""Maximum length of a text; the rest is cut before tokenization."""

FULL_WIDTH = ((0xFF10, 0xFF19), (0xFF21, 0xFF3A), (0xFF41, 0xFF5A))
"""First and last code points of the full-width digits, capital letters and small letters."""
WIDTH_OFFSET = 0xFEE0
"""Difference between the code points of a full-width character and its ASCII character."""

JOINER = "\u200d"
EMOJI_RANGES = ((0x2190, 0x21FF), (0x2600, 0x27BF), (0x2B00, 0x2BFF), (0x1F000, 0x1FAFF))
"""First and last code points of the blocks that contain emoji."""
EMOJI_MODIFIERS = "\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
"""The emoji variation selector and the skin-tone modifiers; one may follow an emoji."""
_EMOJI = (
    "["
    + "".join(f"{chr(first)}-{chr(last)}" for first, last in EMOJI_RANGES)
    + f"][{EMOJI_MODIFIERS}]?"
)
JOINED_EMOJI = f"{_EMOJI}(?:{JOINER}{_EMOJI})+"
"""Regular expression of emoji that zero-width joiners make one, such as a family."""
FLAG = "\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f"
"""Regular expression of the flag of a region, a black flag with format characters."""

CONTRACTED = "s|re|ve|ll|d|m"
"""Regular expression of what follows the apostrophe of an English contraction, except `n't`."""
