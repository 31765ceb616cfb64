"""Jinja templates → HTML."""

import math
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_HERE = Path(__file__).parent


def render(template: Path, **context: Any) -> str:
    """Fills a template; texts are escaped.

    The template extends `page.html`, sets `title` and `sections` (id → heading, for the table of
    contents) and fills the block `main`; `parts.html` has macros for it. Beside Jinja's filters
    there are `number` and `percent`.

    Args:
        template: the file.
        **context: what it may name; a name that it uses and does not get is an error.

    Returns:
        A page that needs no other file.
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
    return environment.get_template(template.name).render(context)


def number(value: float | None, digits: int = 0) -> str:
    """`1,234` or, with two digits, `1,234.00`; a dash for nothing."""
    return "–" if _nothing(value) else f"{value:,.{digits}f}"


def percent(share: float | None, digits: int = 1) -> str:
    """A share from 0 to 1 as `12.3 %`; a dash for nothing."""
    return "–" if share is None or _nothing(share) else f"{100 * share:.{digits}f} %"


def _nothing(value: float | None) -> bool:
    return value is None or math.isnan(value)
