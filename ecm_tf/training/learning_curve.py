"""The learning curve of a training run as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ecm_tf.report import Picture, ascii_label, picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ecm_tf.training.history import HistoryRow


def learning_curve(history: Sequence[HistoryRow], title: str) -> Picture:
    """Draws the dev perplexity and the training loss by step.

    Args:
        history: at least one row, in order of steps.
        title: of the picture.
    """
    steps = [row.step for row in history]
    perplexities = [row.dev_perplexity for row in history]
    best = min(history, key=lambda row: row.dev_perplexity)

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        (dev,) = axes.plot(steps, perplexities, color="tab:blue", label="dev perplexity")
        axes.set(xlabel="step", ylabel="dev perplexity (per token)", yscale="log")
        axes.yaxis.set_major_formatter("{x:,g}")
        # Over several powers of ten, more labels would overlap.
        narrow = max(perplexities) < 10 * min(perplexities)
        axes.yaxis.set_minor_formatter("{x:,g}" if narrow else "")
        axes.set_title(ascii_label(title))
        axes.plot(best.step, best.dev_perplexity, "o", color="tab:blue")
        axes.annotate(
            f"best {best.dev_perplexity:.2f}",
            (best.step, best.dev_perplexity),
            textcoords="offset points",
            xytext=(0, 8),
            ha="right",
        )
        right = axes.twinx()
        (loss,) = right.plot(
            steps, [row.train_loss for row in history], color="tab:orange", label="train loss"
        )
        right.spines["right"].set_visible(True)
        right.set_ylabel("train loss (all terms, nats)")
        axes.legend(handles=[dev, loss], loc="upper right")
        axes.grid()

    alt = "Line chart of the dev perplexity and the training loss by step."
    return picture("learning_curve.png", alt, (7, 4), draw)
