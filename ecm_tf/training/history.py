"""The history of a training run: one row per evaluation, a CSV file and a picture."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from ecm_tf.core.manifest import write_atomically
from ecm_tf.report import ascii_label

CSV, PNG = "history.csv", "learning_curve.png"


@dataclass(frozen=True)
class HistoryRow:
    """One evaluation; checkpoints and the CSV file store the fields under these names."""

    step: int
    epoch: float
    """Passes over the training pairs so far."""
    learning_rate: float
    """Of the steps before this evaluation."""
    train_loss: float
    """Sum of all loss terms, mean over the steps since the last evaluation; NaN at step 0."""
    dev_perplexity: float
    """Per token."""
    dev_sentence_perplexity: float
    """As the original program computes it: `exp` of the mean over responses of their mean NLL."""
    seconds: float
    """Of the run, without its interruptions."""
    dev_emotion_accuracy: float = math.nan
    """Of the predicted emotions; NaN if the model predicts none."""


def write_history(directory: Path, history: Sequence[HistoryRow], title: str) -> None:
    """Writes `history.csv` and `learning_curve.png`.

    Args:
        directory: the train_dir.
        history: at least one row, in order of steps.
        title: of the picture.
    """
    text = io.StringIO()
    names = [field.name for field in fields(HistoryRow)]
    if all(math.isnan(row.dev_emotion_accuracy) for row in history):
        names.remove("dev_emotion_accuracy")
    writer = csv.DictWriter(text, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in history)
    write_atomically(directory / CSV, text.getvalue())
    _draw(directory / PNG, history, title)


def _draw(path: Path, history: Sequence[HistoryRow], title: str) -> None:
    # Figure without pyplot: no display, no global state, nothing to close.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    steps = [row.step for row in history]
    (dev,) = axes.plot(
        steps, [row.dev_perplexity for row in history], color="tab:blue", label="dev perplexity"
    )
    axes.set(xlabel="step", ylabel="dev perplexity (per token)", yscale="log")
    # Directory names may hold `$`, which is not mathematics, or characters that the font lacks.
    axes.set_title(ascii_label(title), parse_math=False)
    best = min(history, key=lambda row: row.dev_perplexity)
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
    right.set_ylabel("train loss (all terms, nats)")
    axes.legend(handles=[dev, loss], loc="upper right")
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)
