"""Rendering of Jinja templates to self-contained HTML pages."""

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_HERE = Path(__file__).parent


def render(template: Path, **context: Any) -> str:
    """Renders a template to a page that loads no other file; values are escaped.

    The template extends `page.html`, sets `title` and `sections` (id → heading, for the table of
    contents) and fills the block `main`, with macros of `parts.html`. The filters `number` and
    `percent` and the function `words_in` are available besides Jinja's own.

    Args:
        template: the template file.
        **context: variables of the template; an undefined variable is an error.
    """
    environment = Environment(
        loader=FileSystemLoader([template.parent, _HERE]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"number": number, "percent": percent}
    environment.globals |= {"words_in": words_in}
    return environment.get_template(template.name).render(context)


def words_in(text: str, words: Sequence[str]) -> list[tuple[str, str]]:
    """Finds the words of a text, which may have capitals and spaces that they lack.

    Args:
        text: such as `"That's it."`.
        words: all words of the text, in its order, such as `["that", "'s", "it", "."]`.

    Returns:
        The space before each word, and the word as in the text. A word that is not the next one of
        the text is given as it is, after a space.
    """
    found, end = [], 0
    for word in words:
        match = re.compile(rf"(\s*)({re.escape(word)})", re.IGNORECASE).match(text, end)
        found.append((match[1], match[2]) if match else (" ", word))
        end = match.end() if match else end
    return found


def number(value: float | None, digits: int = 0) -> str:
    """Formats a number as `1,234`, or `1,234.00` with two digits; `None` and NaN as a dash."""
    return "–" if _is_missing(value) else f"{value:,.{digits}f}"


def percent(fraction: float | None, digits: int = 1) -> str:
    """Formats a fraction from 0 to 1 as `12.3 %`; `None` and NaN as a dash."""
    return "–" if fraction is None or _is_missing(fraction) else f"{100 * fraction:.{digits}f} %"


def _is_missing(value: float | None) -> bool:
    return value is None or math.isnan(value)
