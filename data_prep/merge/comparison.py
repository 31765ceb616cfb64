"""Text in the form in which pairs are compared, and hashes of it."""

import unicodedata
from hashlib import blake2b

_KEPT = ("L", "M", "N")
"""General categories of characters that count: letters, marks and numbers."""
_EMOJI = "So"


class _Kept(dict[int, int | None]):
    """A table for `str.translate` that removes spaces, punctuation and control characters."""

    def __missing__(self, code: int) -> int | None:
        category = unicodedata.category(chr(code))
        self[code] = code if category.startswith(_KEPT) or category == _EMOJI else None
        return self[code]


_kept = _Kept()


def comparable(text: str) -> str:
    """Returns a text in Unicode NFKC and lower case, with letters, numbers and emoji only.

    A text that has none of them, such as `？！`, keeps its punctuation.
    """
    text = unicodedata.normalize("NFKC", text).casefold()
    return text.translate(_kept) or "".join(text.split())


def has_letter(text: str) -> bool:
    """Tells whether a text has a letter of any script; Chinese characters are letters."""
    return any(map(str.isalpha, text))


def digest(*texts: str, seed: int = 0) -> int:
    """Returns a 64-bit hash of texts, the same in every process."""
    hashed = blake2b("\n".join(texts).encode(), digest_size=8, salt=seed.to_bytes(16, "big"))
    return int.from_bytes(hashed.digest(), "big")
