"""Plots the metrics of trained models, with a dot for each seed.

python -m experiments.plot RESULTS PICTURE.png
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

from ecm_tf.core.arguments import Parser
from ecm_tf.core.command import run
from ecm_tf.report import picture
from experiments.metrics import Metrics, read_runs, value_at

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#2f5d9b", "#d98c21", "#2a9d6f", "#9b4f96", "#d1495b")


def main(argv: list[str] | None = None) -> None:
    """Runs the command; see the module."""
    parser = Parser(prog="python -m experiments.plot", description=__doc__)
    parser.add_argument("results", type=Path, help="directory of `experiments.metrics record`")
    parser.add_argument("picture", type=Path, help="PNG file to write")
    arguments = parser.parse_args(argv)
    runs = read_runs(arguments.results)
    arguments.picture.write_bytes(draw(runs))


def draw(runs: Mapping[str, Sequence[Metrics]]) -> bytes:
    """Returns the picture, a PNG file: a panel for each measure, with a row for each name.

    Args:
        runs: metrics by name of the run; one for each seed.
    """
    example = next(iter(runs.values()))[0]
    parts, replies = example["test"], example["replies"]
    # The measures by the title of their panel, and by the label of their colour in it.
    panels = {
        **{f"perplexity, {part}": {"": value_at("test", part, "perplexity")} for part in parts},
        **{f"hits@1 of 10, {part}": {"": value_at("test", part, "hits_at_1")} for part in parts},
        **{
            f"emotion accuracy, {search}": {
                judge: value_at("replies", search, "accuracy", judge, "value")
                for judge in replies[search]["accuracy"]
            }
            for search in replies
        },
    }

    def draw_panels(figure: Figure) -> None:
        grid = figure.subplots(-(-len(panels) // 2), 2, sharey=True, squeeze=False)
        for axes in grid.flat[len(panels) :]:
            axes.remove()
        for axes, (title, measures) in zip(grid.flat, panels.items(), strict=False):
            axes.set_title(title, fontsize=10)
            axes.grid()
            axes.margins(y=0.1)
            for colour, (label, measure) in zip(cycle(COLOURS), measures.items(), strict=False):
                _draw_dots(axes, runs, measure, colour, label)
        grid[0, 0].set_yticks(range(len(runs)), list(runs))
        grid[0, 0].invert_yaxis()
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=5)

    size = (9, 0.6 + (0.5 + 0.25 * len(runs)) * -(-len(panels) // 2))
    return picture("metrics.png", "Dots of each measure by run.", size, draw_panels).png


def _draw_dots(
    axes: Axes,
    runs: Mapping[str, Sequence[Metrics]],
    measure: Callable[[Metrics], float | None],
    colour: str,
    label: str,
) -> None:
    """Draws a dot for each seed, and a line at their mean."""
    for row, of_name in enumerate(runs.values()):
        values = [value for value in map(measure, of_name) if value is not None]
        if values:
            axes.scatter(mean(values), row, s=150, marker="|", color=colour)
            axes.scatter(values, [row] * len(values), s=16, color=colour, label=label)
            label = ""  # once in the legend


if __name__ == "__main__":
    run(main)
