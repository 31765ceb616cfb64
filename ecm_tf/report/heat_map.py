"""Heat maps of counts by two emotions, such as confusion matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ecm_tf.report.pictures import LABEL_COLOUR, TEXT_COLOUR, Picture, picture
from ecm_tf.text.emotions import Emotions

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HEAT = ["#f7f9fc", "#a9c3e4", "#4477aa", "#1d3a63"]
MIN_WIDTH = 6.0
"""Width of a page's text, in inches."""


def heat_map(
    name: str, alt: str, counts: np.ndarray, emotions: Emotions, *, rows: str, columns: str
) -> Picture:
    """Draws the percentages of each row; those on the diagonal are bold.

    Args:
        name: the file name.
        alt: alternative text.
        counts: int `(emotions, emotions)`, with at least one count.
        emotions: the categories.
        rows, columns: labels of the axes; each row's name has its sum beside it.
    """
    sums = counts.sum(1)
    shares = counts / np.where(sums, sums, np.nan)[:, None]
    top = np.nanmax(shares)
    labels, positions = emotion_labels(emotions), np.arange(len(emotions))
    row_labels = [f"{label} ({count:,})" for label, count in zip(labels, sums, strict=True)]

    def draw(figure: Figure) -> None:
        from matplotlib.colors import LinearSegmentedColormap

        axes = figure.add_subplot()
        axes.pcolormesh(
            shares,
            cmap=LinearSegmentedColormap.from_list("heat", _HEAT),
            vmin=0,
            vmax=top,
            edgecolors="white",
            linewidth=2,
            rasterized=True,
        )
        for row, column in np.ndindex(shares.shape):
            share = shares[row, column]
            axes.text(
                column + 0.5,
                row + 0.5,
                "–" if np.isnan(share) else f"{100 * share:.0f} %",
                ha="center",
                va="center",
                color="white" if share > 0.5 * top else TEXT_COLOUR,
                fontweight="bold" if row == column else "normal",
            )
        axes.set_xticks(positions + 0.5, labels, color=TEXT_COLOUR)
        axes.set_yticks(positions + 0.5, row_labels, color=TEXT_COLOUR)
        axes.xaxis.tick_top()
        axes.xaxis.set_label_position("top")
        axes.set_xlabel(columns, color=LABEL_COLOUR, labelpad=8)
        axes.set_ylabel(rows, color=LABEL_COLOUR, labelpad=8)
        axes.tick_params(length=0)
        axes.invert_yaxis()
        axes.spines[:].set_visible(False)

    size = max(MIN_WIDTH, 1.7 + 0.65 * len(emotions)), 0.9 + 0.47 * len(emotions)
    return picture(name, alt, size, draw)


def emotion_labels(emotions: Emotions) -> Sequence[str]:
    """Returns the names, or the id of a name that is not ASCII: matplotlib's fonts may lack it."""
    return [name if name.isascii() else str(id_) for id_, name in enumerate(emotions.names)]
