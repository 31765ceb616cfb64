"""Matplotlib figures as PNG files for a page."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TEXT_COLOUR, LABEL_COLOUR, GRID_COLOUR = "#1f2933", "#616e7c", "#e4e7eb"
"""Colours of text, of axis labels, and of grid lines."""

_STYLE: dict[Any, Any] = {
    "font.size": 10,
    "text.color": TEXT_COLOUR,
    "axes.edgecolor": LABEL_COLOUR,
    "axes.labelcolor": LABEL_COLOUR,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": LABEL_COLOUR,
    "ytick.color": LABEL_COLOUR,
    "grid.color": GRID_COLOUR,
    "legend.frameon": False,
    "text.parse_math": False,
}


def ascii_label(text: str) -> str:
    """Escapes the characters that are not ASCII, which the fonts of the pictures may lack."""
    return text.encode("ascii", "backslashreplace").decode()


@dataclass(frozen=True)
class Picture:
    """A picture of a page.

    Attributes:
        name: the file name.
        alt: alternative text.
        png: the content of the file.
    """

    name: str
    alt: str
    png: bytes

    @property
    def data_uri(self) -> str:
        """The file as a `data:` URI."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode()}"


def picture(
    name: str, alt: str, size: tuple[float, float], draw: Callable[[Figure], None]
) -> Picture:
    """Draws a picture in the style of the pages; the bytes are deterministic.

    Args:
        name: the file name.
        alt: alternative text.
        size: width and height in inches; a page's text is 6 inches wide.
        draw: draws on a white figure. The fonts have no Chinese characters.
    """
    # `Figure` instead of pyplot needs no display, has no global state and is not to be closed.
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    png = io.BytesIO()
    with rc_context(_STYLE):
        figure = Figure(figsize=size, layout="constrained", facecolor="white")
        draw(figure)
        # Matplotlib's version in the metadata would change the bytes.
        figure.savefig(png, format="png", dpi=200, metadata={"Software": None})
    return Picture(name, alt, png.getvalue())
