"""Tables and figures as text: Markdown tables, aligned columns, percentages."""

from collections.abc import Iterable, Sequence

from tabulate import tabulate


def markdown_table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Returns a Markdown table; the first column is aligned left and the others right.

    Args:
        headers: names of the columns.
        rows: cells as they are to be printed; `None` is an empty cell.
    """
    return tabulate(
        list(rows),
        headers,
        tablefmt="pipe",
        disable_numparse=True,
        colalign=_alignment(len(headers)),
    )


def aligned(rows: Sequence[Sequence[object]]) -> list[str]:
    """Returns rows of equal length as lines; the first column is aligned left, the others right."""
    text = tabulate(
        rows,
        tablefmt="plain",
        disable_numparse=True,
        colalign=_alignment(len(rows[0])),
        preserve_whitespace=True,
    )
    return text.split("\n")


def percent(fraction: float | None) -> str:
    """Returns a fraction from 0 to 1 as `12.34 %`, or a dash for `None`."""
    return "-" if fraction is None else f"{100 * fraction:.2f} %"


def share(part: float, whole: float) -> str:
    """Returns `part / whole` as `12.34 %`, or a dash if `whole` is 0."""
    return percent(part / whole if whole else None)


def _alignment(columns: int) -> list[str]:
    return ["left", *["right"] * (columns - 1)]
