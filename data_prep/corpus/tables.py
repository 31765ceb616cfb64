"""Rows of tables as spreadsheets and pandas write them: tab-separated and comma-separated.

A cell that starts and ends with a quotation mark, and in which all other quotation marks are
doubled, is quoted (RFC 4180): `"He said ""no""."` is the text `He said "no".`
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from data_prep.corpus.files import numbered_lines, open_corpus
from data_prep.corpus.formats import RecordError
from ecm_tf.core.errors import InputError

MAX_LINES = 100
"""Maximum number of lines of a row of a tab-separated table."""

_QUOTED = re.compile(rb'"([^"]*(?:""[^"]*)*)"(?=\t|\Z)')
_OPEN = re.compile(rb'"[^"]*(?:""[^"]*)*\Z')


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Attributes:
        number: its first line, from 1.
        raw: the row as in its file.
        values: its cells without quoting; bytes that are not UTF-8 are lone surrogates.
        problem: why it has no cells, if a cell is quoted wrongly.
    """

    number: int
    raw: bytes
    values: Sequence[str]
    problem: str = ""

    @property
    def cells(self) -> Sequence[str]:
        """The cells.

        Raises:
            RecordError: a cell is quoted wrongly.
        """
        if self.problem:
            raise RecordError(self.problem)
        return self.values


def tsv_rows(path: Path) -> Iterator[Row]:
    """Yields the rows of a tab-separated table that are not blank, the header first.

    A quoted cell may contain tabs and line breaks. In a file written by hand, a cell may start with
    a quotation mark that is never closed; it must not swallow the next lines. A row continues on
    them only if it has an unclosed quoted cell that ends within `MAX_LINES`, and if the joined row
    has as many columns as the header. A row that already has that many columns is not joined with
    a line that has them as well.

    Raises:
        InputError: the file cannot be read.
    """
    lines = numbered_lines(path)
    waiting: list[tuple[int, bytes]] = []
    width = None
    while waiting or (waiting := list(islice(lines, 1))):
        number, raw = waiting.pop(0)
        cells = _split(raw)
        if width is not None and cells.is_open:
            raw, used = _join(raw, width, waiting, lines)
            del waiting[:used]
            cells = _split(raw)
        width = len(cells.values) if width is None else width
        yield Row(number, raw, [cell.decode("utf-8", "surrogateescape") for cell in cells.values])


def csv_rows(path: Path) -> Iterator[Row]:
    """Yields the rows of a comma-separated table that are not blank, the header first.

    If text follows a quoted cell in a row of one line, the row has a `problem` instead of cells,
    and the next line is a new row. In a row of several lines this is an error for the whole file,
    because an unclosed quotation mark may be in any of the lines.

    Raises:
        InputError: the file cannot be read, or a quoted cell is not closed.
    """
    with (
        open_corpus(path) as file,
        io.TextIOWrapper(file, "utf-8-sig", errors="surrogateescape", newline="") as text,
    ):
        lines: list[str] = []
        reader = csv.reader(_recorded(text, lines), strict=True)
        while True:
            number = reader.line_num + 1
            lines.clear()
            cells, problem = [], ""
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if "expected after" not in str(error) or len(lines) > 1:
                    raise InputError(
                        f"{path}: line {number}: expected a table with closed quotes and cells of "
                        f"at most {csv.field_size_limit()} characters; {error}."
                    ) from error
                problem = f"expected doubled quotation marks inside quoted cells; {error}"
            if problem or len(cells) > 1 or "".join(cells).strip():
                raw = "".join(lines).rstrip("\r\n").encode("utf-8", "surrogateescape")
                yield Row(number, raw, cells, problem)


def _recorded(lines: Iterable[str], record: list[str]) -> Iterator[str]:
    """Yields lines, and appends each to a list."""
    for line in lines:
        record.append(line)
        yield line


class _Cells(NamedTuple):
    """The cells of a row, without quoting.

    Attributes:
        values: the cells.
        is_open: whether one of them starts with a quotation mark that a later line may close.
        has_breaks: whether one that is not quoted contains a line break.
    """

    values: list[bytes]
    is_open: bool
    has_breaks: bool


def _split(raw: bytes) -> _Cells:
    """Splits a row at tabs outside quoted cells."""
    values, is_open, has_breaks, start = [], False, False, 0
    while start <= len(raw):
        if match := _QUOTED.match(raw, start):
            values.append(match[1].replace(b'""', b'"'))
            start = match.end() + 1
        else:
            is_open = is_open or _OPEN.match(raw, start) is not None
            values.append(raw[start:].split(b"\t", 1)[0])
            has_breaks = has_breaks or b"\n" in values[-1]
            start += len(values[-1]) + 1
    return _Cells(values, is_open, has_breaks)


def _join(
    raw: bytes, width: int, waiting: list[tuple[int, bytes]], lines: Iterator[tuple[int, bytes]]
) -> tuple[bytes, int]:
    """Joins an unclosed row with the next lines, if they complete it.

    Args:
        raw: the row.
        width: number of columns of the header.
        waiting: lines that have been read after the row; more are appended from `lines`.
        lines: the rest of the file.

    Returns:
        The row, and how many lines of `waiting` it now includes; 0 if it does not continue.
    """
    is_complete = len(_split(raw).values) == width
    joined = raw
    for used in range(1, MAX_LINES):
        waiting.extend(islice(lines, max(0, used - len(waiting))))
        if len(waiting) < used:
            break
        line = waiting[used - 1][1]
        if is_complete and len(_split(line).values) == width:
            break
        joined += b"\n" + line
        if b'"' in line:
            cells = _split(joined)
            if not cells.is_open:
                is_row = len(cells.values) == width and not cells.has_breaks
                return (joined, used) if is_row else (raw, 0)
    return raw, 0
