"""Evaluations as one page: the table, pictures of it, and samples."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ecm_tf.evaluation.model_evaluation import Evaluation, Sample
from ecm_tf.report import Picture, emotion_colours, heat_map, picture, render
from ecm_tf.text.emotions import Emotions
from ecm_tf.training.history import CSV

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TEMPLATE = Path(__file__).with_name("evaluation.html")
COLOURS = ("#2f5d9b", "#d98c21", "#2a9d6f", "#9b4f96", "#d1495b", "#33a6c4", "#7b8794")


def evaluation_page(
    evaluations: Sequence[Evaluation],
    samples: Sequence[Sequence[Sample]],
    directories: Sequence[Path],
    emotions: Emotions,
    facts: dict[str, Any],
) -> tuple[str, list[Picture]]:
    """The page and its pictures.

    Args:
        evaluations: one or more, by the same judges; a model's searches stand together.
        samples: of each evaluation, for the same posts.
        directories: of the models, with their `history.csv`.
        emotions: the categories.
        facts: what was measured on: `dataset`, `split`, `posts`, `searches`.
    """
    curves = [(directory.name, _history(directory)) for directory in directories]
    pictures = {"curves": _curves(curves)} if any(curve for _, curve in curves) else {}
    judges = list(evaluations[0].judges)
    confusions = []
    if judges:
        pictures["accuracy"] = _accuracy(evaluations, judges)
        confusions = [
            heat_map(
                f"{_file_name(evaluation.label)}-confusion.png",
                f"Heat map: what {judges[0]} hears in {evaluation.label}'s replies.",
                np.array(evaluation.judges[judges[0]].confusion),
                emotions,
                rows="emotion asked for (replies)",
                columns="emotion heard",
            )
            for evaluation in evaluations
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
    """Epoch and dev perplexity of each milestone after the first; empty for imported models."""
    path = directory / CSV
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[1:]
    return [(float(row["epoch"]), float(row["dev_perplexity"])) for row in rows]


def _file_name(label: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in label)


def _curves(curves: Sequence[tuple[str, Sequence[tuple[float, float]]]]) -> Picture:
    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for number, (model, curve) in enumerate(curves):
            if curve:
                axes.plot(
                    *zip(*curve, strict=True),
                    color=COLOURS[number % len(COLOURS)],
                    marker="o",
                    markersize=3,
                    label=model,
                )
        axes.set(xlabel="epoch", ylabel="dev perplexity", yscale="log")
        for place in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
            place("{x:,.0f}")
        axes.grid(axis="y", which="both")
        axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1))

    alt = "Line chart of each model's dev perplexity over the epochs of its training."
    return picture("learning_curves.png", alt, (7, 3.4), draw)


def _accuracy(evaluations: Sequence[Evaluation], judges: Sequence[str]) -> Picture:
    places, height = np.arange(len(evaluations)), 0.8 / len(judges)
    chance = 1 / len(evaluations[0].perplexity_by_emotion)

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for number, judge in enumerate(judges):
            figures = [evaluation.judges[judge].accuracy for evaluation in evaluations]
            values = np.array([figure.value for figure in figures])
            errors = np.array([[f.value - f.low, f.high - f.value] for f in figures]).T
            axes.barh(
                places + number * height,
                values,
                0.9 * height,
                xerr=errors,
                color=COLOURS[number % len(COLOURS)],
                label=f"heard by {judge}",
            )
        axes.axvline(chance, color="#616e7c", linestyle=(0, (2, 2)), label="chance")
        middle = places + height * (len(judges) - 1) / 2
        axes.set_yticks(middle, [evaluation.label for evaluation in evaluations])
        axes.invert_yaxis()
        axes.set(xlabel="share of replies in the emotion asked for", xlim=(0, 1))
        axes.legend()

    alt = "Bar chart of each model's emotion accuracy by each judge, with 95 % intervals."
    return picture("accuracy.png", alt, (6, 1 + 0.5 * len(evaluations)), draw)
