"""Figures for people to read, in lines of text."""

from collections.abc import Sequence


def aligned(rows: Sequence[Sequence[object]]) -> list[str]:
    """Rows of equal lengths as lines: the first column to the left, the others to the right."""
    widths = [max(len(str(cell)) for cell in column) for column in zip(*rows, strict=True)]
    return [
        str(row[0]).ljust(widths[0])
        + "".join(
            str(cell).rjust(width + 2) for cell, width in zip(row[1:], widths[1:], strict=True)
        )
        for row in rows
    ]


def percent(share: float | None) -> str:
    """A share from 0 to 1 as `12.34 %`; a dash for nothing."""
    return "-" if share is None else f"{100 * share:.2f} %"


def share(part: float, whole: float) -> str:
    """A part as `12.34 %` of a whole; a dash if there is no whole."""
    return percent(part / whole if whole else None)
