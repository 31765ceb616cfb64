"""The history of a training run: one row per evaluation, as a CSV file and a picture."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from ecm_tf.core.manifest import write_atomically
from ecm_tf.training.learning_curve import learning_curve

CSV = "history.csv"


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
    curve = learning_curve(history, title)
    write_atomically(directory / curve.name, curve.png)
