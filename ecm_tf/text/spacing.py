"""The rule for spaces, shared by the tokenizers, jieba's word counts and the corpus readers.

Chinese is written without spaces, so that a space has a meaning only between two runs of ASCII
letters and digits ("hello world", "iPhone 15"). All other spaces are removed, and raw text and text
split by spaces give the same tokens. This module does not import TensorFlow.
"""

import re
import string

ASCII_WORD_CHARACTERS = frozenset(string.ascii_letters + string.digits)
ASCII_WORD = "[A-Za-z0-9]+"
"""Regular expression of a run of ASCII letters and digits."""

MEANINGLESS_SPACES = " ?([^A-Za-z0-9 ]) ?"
"""Regular expression of any other character with the spaces beside it, in single-spaced text.

Replacing every match by its group 1 removes all meaningless spaces in one pass.
"""

_MEANINGLESS_SPACES = re.compile(MEANINGLESS_SPACES)


def remove_meaningless_spaces(text: str) -> str:
    """Returns a single-spaced text with spaces only between ASCII letters or digits."""
    return _MEANINGLESS_SPACES.sub(r"\1", text)
