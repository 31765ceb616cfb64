"""Matplotlib figures as PNGs for a page."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, QUIET, FAINT = "#1f2933", "#616e7c", "#e4e7eb"
"""Colours of what is read first, of labels, and of lines behind the data."""

_STYLE: dict[Any, Any] = {
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": QUIET,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "grid.color": FAINT,
    "legend.frameon": False,
    "text.parse_math": False,
}


@dataclass(frozen=True)
class Picture:
    """A picture of a page.

    Attributes:
        name: its file's name.
        alt: what it shows, for those who do not see it.
        png: the file.
    """

    name: str
    alt: str
    png: bytes

    @property
    def data_uri(self) -> str:
        """The file as an address that holds it."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode()}"


def picture(
    name: str, alt: str, size: tuple[float, float], draw: Callable[[Figure], None]
) -> Picture:
    """Draws a picture in the pages' style; the same drawing gives the same bytes.

    Args:
        name: the file's name.
        alt: what it shows, for those who do not see it.
        size: width and height in inches; 6 are as wide as a page's text.
        draw: what draws it, on a white figure. The fonts know no Chinese.
    """
    # Figure without pyplot: no display, no global state, nothing to close.
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    png = io.BytesIO()
    with rc_context(_STYLE):
        figure = Figure(figsize=size, layout="constrained", facecolor="white")
        draw(figure)
        # The name of the program and its version would make other bytes of the same picture.
        figure.savefig(png, format="png", dpi=200, metadata={"Software": None})
    return Picture(name, alt, png.getvalue())
