"""Annotation sheets as CSV files: written blank, read filled."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ecm_tf.core.errors import InputError
from ecm_tf.core.files import read_text
from ecm_tf.core.manifest import write_atomically
from ecm_tf.evaluation.human.key import Key

COLUMNS = ("id", "post", "emotion", "reply", "content", "emotion_score")
MAXIMA = {"content": 2, "emotion_score": 1}
"""The largest score of each of the columns that annotators fill; the smallest is 0."""
EXPECTED = "a filled annotation sheet in CSV format"

_BOM = "\ufeff"
"""Without it, Excel reads UTF-8 as the encoding of the system."""
_INTERPRETED = re.compile(r"[=+\-@＝＋－＠'\s]|[\d\s.,:/%eE-]+$")
"""Texts that a spreadsheet may take for a formula, a number or a date, or that begin with the
character that prevents this."""


@dataclass(frozen=True)
class Scores:
    """An annotator's scores of one reply.

    Attributes:
        content: 0 to 2.
        emotion: 0 or 1.
    """

    content: int
    emotion: int


def protect(text: str) -> str:
    """Returns a cell that a spreadsheet shows as text: one it might interpret gets a `'`."""
    return f"'{text}" if _INTERPRETED.match(text) else text


def unprotect(cell: str) -> str:
    """Undoes `protect`."""
    return cell.removeprefix("'")


def blank_rows(key: Key) -> list[list[str]]:
    """Returns the cells of each row of a sheet up to the columns that annotators fill."""
    return [
        [
            id_,
            protect(key.posts[row.post]),
            protect(key.emotions[row.emotion]),
            protect(row.reply),
        ]
        for id_, row in zip(key.ids, key.rows, strict=True)
    ]


def write_sheet(path: Path, key: Key) -> None:
    """Writes the blank sheet of a key: UTF-8 with a byte order mark, which Excel opens."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([*cells, "", ""] for cells in blank_rows(key))
    write_atomically(path, _BOM + text.getvalue())


def read_sheet(path: Path, key: Key) -> list[Scores]:
    """Reads a filled sheet, whatever the order of its rows.

    Columns may be separated by commas, semicolons or tabs: spreadsheets write all three.

    Args:
        path: the CSV file.
        key: the key of the sheet.

    Returns:
        The scores of each row of the key, in the key's order.

    Raises:
        InputError: the file is not a complete sheet of this key.
    """
    places = {id_: place for place, id_ in enumerate(key.ids)}
    found: dict[str, Scores] = {}
    for line, row in _rows(path):
        where, id_ = f"{path}, line {line}", row["id"].strip()
        if id_ not in places:
            run = id_.rpartition("-")[0]
            other = f"; it belongs to the sheet {run}" if re.fullmatch(r"[\da-f]{8}", run) else ""
            raise InputError(f"{where}: expected a row of the sheet {key.run}, got {id_!r}{other}.")
        if id_ in found:
            raise InputError(f"{where}: expected each row once, got {id_} again.")
        reply = key.rows[places[id_]].reply
        if _comparable(unprotect(row["reply"])) != _comparable(reply):
            raise InputError(
                f"{where}: expected the reply {reply!r} of {id_}, got {row['reply']!r}; was one "
                "column sorted without the others?"
            )
        found[id_] = Scores(*(_score(row, column, where) for column in MAXIMA))
    for id_ in places:
        if id_ not in found:
            raise InputError(f"{path}: expected {len(places)} rows, found no row {id_}.")
    return [found[id_] for id_ in places]


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yields the rows that are not empty, each with the number of its last line."""
    text = read_text(path, EXPECTED)
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter, restval="")
    try:
        for column in COLUMNS:
            if column not in (reader.fieldnames or ()):
                raise InputError(f"{path}, line 1: expected a column {column!r}, found none.")
        for row in reader:
            if any(row[column].strip() for column in COLUMNS):
                yield reader.line_num, row
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: expected CSV; {error}.") from error


def _comparable(text: str) -> str:
    # Spreadsheets change the case of TRUE and FALSE and may trim cells.
    return "".join(text.split()).casefold()


def _score(row: dict[str, str], column: str, where: str) -> int:
    cell = row[column].strip()
    # A Chinese input method may write full-width digits.
    if not cell.isdecimal() or int(cell) > MAXIMA[column]:
        allowed = ", ".join(map(str, range(MAXIMA[column]))) + f" or {MAXIMA[column]}"
        raise InputError(f"{where}: {column}: expected {allowed}, got {cell or 'nothing'!r}.")
    return int(cell)
