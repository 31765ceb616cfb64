"""The pictures of a dataset report."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from data_prep.report.statistics import SplitStatistics, length_quantile
from ecm_tf.report import TEXT_COLOUR, Picture, emotion_colours, emotion_labels, heat_map, picture
from ecm_tf.text.emotions import Emotions

SIDE_COLOURS = {"post": "#4477aa", "response": "#d98c21"}
WIDTH = 6.0
"""Width of a picture in inches, which fills the width of the page's text."""


def lengths_picture(split: SplitStatistics) -> Picture:
    """Draws a histogram of the lengths in tokens, up to the 99th percentile."""
    longest = max(length_quantile(lengths, 0.99) for lengths in split.lengths.values())
    edges = np.arange(longest + 2) - 0.5

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for side, lengths in split.lengths.items():
            shares = lengths[: longest + 1] / split.pairs
            colour, median = SIDE_COLOURS[side], length_quantile(lengths, 0.5)
            axes.stairs(shares, edges, fill=True, color=colour, alpha=0.18)
            axes.stairs(
                shares, edges, color=colour, linewidth=2, label=f"{side}s, median {median} tokens"
            )
            axes.axvline(median, color=colour, linestyle=(0, (2, 2)), linewidth=1.2)
        axes.set(xlabel="length in tokens", ylabel="share of texts", xlim=(-0.5, longest + 0.5))
        _format_percent(axes.yaxis)
        axes.grid(axis="y")
        axes.legend()

    return picture(
        "lengths.png",
        "Histogram of the lengths of training posts and responses in tokens.",
        (WIDTH, 2.9),
        draw,
    )


def emotions_picture(shares: Mapping[str, np.ndarray], emotions: Emotions) -> Picture:
    """Draws the distribution of each split's responses over the categories.

    Args:
        shares: fractions `(categories,)` of each split that is not empty; training first.
        emotions: the categories.
    """
    positions, colours = np.arange(len(emotions)), emotion_colours(len(emotions))
    # A thick bar for training, with thin pale bars for dev and test below it.
    bars = [(-0.14, 0.38, 1.0), (0.15, 0.16, 0.6), (0.33, 0.16, 0.3)]

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for (split, values), (offset, height, alpha) in zip(shares.items(), bars, strict=False):
            axes.barh(positions + offset, values, height, color=colours, alpha=alpha)
            axes.barh(0, 0, color=TEXT_COLOUR, alpha=alpha, label=split)
            if split == "train":
                for position, share in zip(positions + offset, values.tolist(), strict=True):
                    axes.annotate(
                        f"{100 * share:.1f} %",
                        (share, position),
                        xytext=(6, 0),
                        textcoords="offset points",
                        va="center",
                        color=TEXT_COLOUR,
                    )
        if len(shares) > 1:
            axes.legend(loc="lower right")
        axes.set_yticks(positions, emotion_labels(emotions), color=TEXT_COLOUR)
        axes.tick_params(axis="y", length=0)
        axes.invert_yaxis()
        axes.set(xlabel="share of responses", xlim=(0, 1.12 * max(map(np.max, shares.values()))))
        _format_percent(axes.xaxis)
        axes.grid(axis="x")
        axes.spines["left"].set_visible(False)

    return picture(
        "emotions.png",
        "Bar chart of the share of training responses in each emotion category.",
        (WIDTH, 0.8 + 0.42 * len(emotions)),
        draw,
    )


def interaction_picture(interaction: np.ndarray, emotions: Emotions) -> Picture:
    """Draws a heat map of response emotions given the post emotion.

    Args:
        interaction: int `(post emotions, response emotions)`, numbers of pairs, not all 0.
        emotions: the categories.
    """
    return heat_map(
        "interaction.png",
        "Heat map: for the posts of each emotion, the fraction of responses with each emotion.",
        interaction,
        emotions,
        rows="emotion of the post (pairs)",
        columns="emotion of the response",
    )


def _format_percent(axis: Axis) -> None:
    axis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
