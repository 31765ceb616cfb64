"""The bearer token of server and client, read from a file so that no command line shows it."""

import re
from pathlib import Path

from ecm_tf.core.errors import InputError
from ecm_tf.core.files import read_lines

MAX_CHARACTERS = 1000
"""Length that fits into the headers of both APIs."""
_EXPECTED = f"one line with a token of 1 to {MAX_CHARACTERS:,} ASCII characters without spaces"


def read_token(path: Path) -> str:
    """Returns the token in a file; error messages and tracebacks do not repeat its content.

    Args:
        path: text file with one line.

    Raises:
        InputError: the file is missing, unreadable, or does not hold one line of 1 to 1,000 ASCII
            characters without spaces.
    """
    lines = read_lines(path, _EXPECTED)
    if len(lines) != 1:
        raise InputError(f"{path}: expected {_EXPECTED}, got {len(lines)} lines.")
    token = lines[0]
    if not re.fullmatch(rf"[!-~]{{1,{MAX_CHARACTERS}}}", token):
        raise InputError(f"{path}: expected {_EXPECTED}, got a line of another form.")
    return token
