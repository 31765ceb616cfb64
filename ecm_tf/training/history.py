"""What a training run measured on its way: rows, a CSV file and a picture."""

import csv
import io
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from ecm_tf.core.manifest import write_atomically

CSV, PNG = "history.csv", "learning_curve.png"


@dataclass(frozen=True)
class Milestone:
    """Measurements at one step."""

    step: int
    epoch: float
    """Passes over the training pairs so far."""
    learning_rate: float
    train_loss: float
    """All terms of the loss, mean since the milestone before; NaN before the first step."""
    dev_perplexity: float
    """Per token."""
    dev_sentence_perplexity: float
    """The original's: of the per-sentence mean."""
    seconds: float
    """Since this run of the command began."""


def write_history(directory: Path, rows: list[Milestone], title: str) -> None:
    """Writes `history.csv` and `learning_curve.png`.

    Args:
        directory: the train_dir.
        rows: at least one, by step.
        title: over the picture.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Milestone)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    write_atomically(directory / CSV, text.getvalue())
    _draw(directory / PNG, rows, title)


def _draw(path: Path, rows: list[Milestone], title: str) -> None:
    # Figure without pyplot: no display, no global state, nothing to close.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    steps = [row.step for row in rows]
    (dev,) = axes.plot(
        steps, [row.dev_perplexity for row in rows], color="tab:blue", label="dev perplexity"
    )
    axes.set(xlabel="step", ylabel="dev perplexity (per token)", yscale="log", title=title)
    best = min(rows, key=lambda row: row.dev_perplexity)
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
        steps, [row.train_loss for row in rows], color="tab:orange", label="train loss"
    )
    right.set_ylabel("train loss (all terms, nats)")
    axes.legend(handles=[dev, loss], loc="upper right")
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)
