"""The HTML page of an evaluation: tables, plots and samples."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ecm_tf.core.manifest import write_atomically
from ecm_tf.evaluation.results import Evaluation, Measurement
from ecm_tf.evaluation.table import table
from ecm_tf.report import Picture, ascii_label, emotion_colours, heat_map, picture, render
from ecm_tf.text.emotions import Emotions
from ecm_tf.training.history import CSV

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TEMPLATE = Path(__file__).with_name("evaluation.html")
COLOURS = ("#2f5d9b", "#d98c21", "#2a9d6f", "#9b4f96", "#d1495b", "#33a6c4", "#7b8794")


def write_report(
    output: Path,
    measurements: Sequence[Measurement],
    directories: Mapping[str, Path],
    emotions: Emotions,
    facts: dict[str, Any],
) -> None:
    """Writes `index.html`, its plots as PNG files, `metrics.json` and `table.md`.

    Args:
        output: directory to write to; made if absent.
        measurements, directories, emotions, facts: as for `evaluation_page`.
    """
    evaluations = [measurement.evaluation for measurement in measurements]
    metrics = {**facts, "models": [asdict(evaluation) for evaluation in evaluations]}
    text = json.dumps(metrics, ensure_ascii=False, indent=2, allow_nan=False)
    page, pictures = evaluation_page(measurements, directories, emotions, facts)
    output.mkdir(parents=True, exist_ok=True)
    for plot in pictures:
        write_atomically(output / plot.name, plot.png)
    write_atomically(output / "index.html", page)
    write_atomically(output / "table.md", table(evaluations) + "\n")
    # Written last: where it exists, the evaluation is complete.
    write_atomically(output / "metrics.json", text + "\n")


def evaluation_page(
    measurements: Sequence[Measurement],
    directories: Mapping[str, Path],
    emotions: Emotions,
    facts: dict[str, Any],
) -> tuple[str, list[Picture]]:
    """Returns the page and its plots.

    Args:
        measurements: one or more, by the same judges and with samples of the same posts; those of
            one model follow one another.
        directories: model directories by name, with their `history.csv` if the model was trained
            here.
        emotions: the categories.
        facts: the settings of the evaluation: `dataset`, `split`, `posts`, `searches`.
    """
    evaluations = [measurement.evaluation for measurement in measurements]
    samples = [measurement.samples for measurement in measurements]
    curves = [(name, _history(directory)) for name, directory in directories.items()]
    pictures = {"curves": _learning_curves(curves)} if any(curve for _, curve in curves) else {}
    judges = list(evaluations[0].judges)
    confusions = []
    if judges:
        pictures["accuracy"] = _accuracy_chart(evaluations, judges)
        confusions = [
            heat_map(
                f"{file_name}-confusion.png",
                f"Confusion matrix of {judges[0]} on the replies of {evaluation.label}.",
                np.array(evaluation.judges[judges[0]].confusion),
                emotions,
                rows="requested emotion (replies)",
                columns="predicted emotion",
            )
            for evaluation, file_name in zip(
                evaluations, _file_names([e.label for e in evaluations]), strict=True
            )
        ]
    colours = emotion_colours(len(emotions))
    html = render(
        TEMPLATE,
        evaluations=evaluations,
        judges=judges,
        pictures=pictures,
        confusions=confusions,
        conversations=[
            {"post": group[0].post, "models": list(zip(evaluations, group, strict=True))}
            for group in zip(*samples, strict=True)
        ],
        emotions=[
            {"name": e.name, "chinese": e.chinese, "colour": colour}
            for e, colour in zip(emotions, colours, strict=True)
        ],
        curves=curves,
        facts=facts,
    )
    return html, [*pictures.values(), *confusions]


def _history(directory: Path) -> list[tuple[float, float]]:
    """Returns epoch and dev perplexity of each evaluation after the first.

    Models imported from the original program have no history: the list is then empty.
    """
    path = directory / CSV
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[1:]
    return [(float(row["epoch"]), float(row["dev_perplexity"])) for row in rows]


def _file_names(labels: Sequence[str]) -> list[str]:
    """Returns a different file name for each label, without special characters."""
    names: list[str] = []
    for label in labels:
        name = "".join(c if c.isalnum() or c in "-_." else "_" for c in label)
        while name in names:
            name += "_"
        names.append(name)
    return names


def _learning_curves(curves: Sequence[tuple[str, Sequence[tuple[float, float]]]]) -> Picture:
    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for number, (model, curve) in enumerate(curves):
            if curve:
                axes.plot(
                    *zip(*curve, strict=True),
                    color=COLOURS[number % len(COLOURS)],
                    marker="o",
                    markersize=3,
                    label=ascii_label(model),
                )
        axes.set(xlabel="epoch", ylabel="dev perplexity", yscale="log")
        for set_formatter in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
            set_formatter("{x:,.0f}")
        axes.grid(axis="y", which="both")
        axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1))

    alt = "Line chart of the dev perplexity of each model by epoch."
    return picture("learning_curves.png", alt, (7, 3.4), draw)


def _accuracy_chart(evaluations: Sequence[Evaluation], judges: Sequence[str]) -> Picture:
    places, height = np.arange(len(evaluations)), 0.8 / len(judges)
    chance = 1 / len(evaluations[0].perplexity_by_emotion)

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for number, judge in enumerate(judges):
            estimates = [evaluation.judges[judge].accuracy for evaluation in evaluations]
            values = np.array([estimate.value for estimate in estimates])
            errors = np.array([[e.value - e.low, e.high - e.value] for e in estimates]).T
            axes.barh(
                places + number * height,
                values,
                0.9 * height,
                xerr=errors,
                color=COLOURS[number % len(COLOURS)],
                label=ascii_label(f"judge: {judge}"),
            )
        axes.axvline(chance, color="#616e7c", linestyle=(0, (2, 2)), label="chance")
        middle = places + height * (len(judges) - 1) / 2
        axes.set_yticks(middle, [ascii_label(evaluation.label) for evaluation in evaluations])
        axes.invert_yaxis()
        axes.set(xlabel="emotion accuracy", xlim=(0, 1))
        axes.legend()

    alt = "Bar chart of the emotion accuracy of each model by each judge, with 95 % intervals."
    return picture("accuracy.png", alt, (6, 1 + 0.5 * len(evaluations)), draw)
