"""How often each emotion meets each: a heat map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ecm_tf.report.pictures import INK, QUIET, Picture, picture
from ecm_tf.text.emotions import Emotions

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HEAT = ["#f7f9fc", "#a9c3e4", "#4477aa", "#1d3a63"]
LEAST_WIDTH = 6.0
"""As wide as a page's text, in inches."""


def heat_map(
    name: str, alt: str, counts: np.ndarray, emotions: Emotions, *, rows: str, columns: str
) -> Picture:
    """Draws each row's shares, with the numbers; the diagonal is bold.

    Args:
        name: the file's name.
        alt: what it shows, for those who do not see it.
        counts: int `(emotions, emotions)`, at least one count.
        emotions: the categories.
        rows, columns: what the axes are; rows have their sums beside their names.
    """
    sums = counts.sum(1)
    shares = counts / np.where(sums, sums, np.nan)[:, None]
    top = np.nanmax(shares)
    labels, places = emotion_labels(emotions), np.arange(len(emotions))
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
                color="white" if share > 0.5 * top else INK,
                fontweight="bold" if row == column else "normal",
            )
        axes.set_xticks(places + 0.5, labels, color=INK)
        axes.set_yticks(places + 0.5, row_labels, color=INK)
        axes.xaxis.tick_top()
        axes.xaxis.set_label_position("top")
        axes.set_xlabel(columns, color=QUIET, labelpad=8)
        axes.set_ylabel(rows, color=QUIET, labelpad=8)
        axes.tick_params(length=0)
        axes.invert_yaxis()
        axes.spines[:].set_visible(False)

    size = max(LEAST_WIDTH, 1.7 + 0.65 * len(emotions)), 0.9 + 0.47 * len(emotions)
    return picture(name, alt, size, draw)


def emotion_labels(emotions: Emotions) -> Sequence[str]:
    """Names, or ids where matplotlib's fonts may lack a name's characters."""
    return [name if name.isascii() else str(id_) for id_, name in enumerate(emotions.names)]
