"""Readers of lexicon files: DUTIR in its two forms, and plain word lists.

DUTIR (大连理工大学情感词汇本体; Xu, Lin, Pan, Ren, Chen: 情感词汇本体的构造, 2008;
https://ir.dlut.edu.cn/info/1013/1142.htm) is a spreadsheet. Saved as CSV or TSV, it has the columns
词语, 词性种类, 词义数, 词义序号, 情感分类, 强度, 极性, 辅助情感分类, 强度, 极性: a word, its class
with intensity and polarity, and for some words a second class with its own. Others pass the words
on as a JSON object with a list for each class.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ecm_tf.core.errors import InputError

_WORD, _INTENSITY = "词语", "强度"
_CLASSES = ("情感分类", "辅助情感分类")


@dataclass(frozen=True)
class Entry:
    """A word of a class, as a lexicon has it.

    Attributes:
        word: not empty, without spaces around it.
        class_name: the lexicon's own name of the class, such as `PA` or `乐`.
        intensity: above 0, in DUTIR 1, 3, 5, 7 or 9; `None` where the lexicon has none.
    """

    word: str
    class_name: str
    intensity: float | None = None


def read_dutir(path: Path) -> list[Entry]:
    """Reads a DUTIR table (CSV or TSV) or a JSON object `{class: [words]}`, UTF-8 or GB18030.

    A word with a second class gives two entries.

    Raises:
        InputError: no such file, or a line or word in it that is neither.
    """
    text = _text(path, "a DUTIR lexicon")
    return list(_json(path, text) if text.lstrip().startswith("{") else _table(path, text))


def read_words(path: Path) -> list[str]:
    """Reads a list of words, one a line, UTF-8 or GB18030; lines that start with # say nothing.

    Raises:
        InputError: no such file, or no word in it.
    """
    lines = (line.strip() for line in _text(path, "a word a line").splitlines())
    words = [line for line in lines if line and not line.startswith("#")]
    if not words:
        raise InputError(f"{path}: expected a word a line, got none.")
    return words


def word_of(cell: str | int) -> str:
    """The word in a cell; spreadsheets turn some, such as 848, into numbers."""
    return str(cell).strip()


def _text(path: Path, expected: str) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: expected {expected}; {error.strerror}.") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Chinese Windows saves CSV so. What is UTF-8 by chance as well is UTF-8.
        try:
            return content.decode("gb18030")
        except UnicodeDecodeError as error:
            raise InputError(f"{path}: expected UTF-8 or GB18030 text; {error}.") from error


def _json(path: Path, text: str) -> Iterator[Entry]:
    try:
        classes = msgspec.json.decode(text, type=dict[str, list[str | int]])
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: expected an object {{class: [words]}}; {error}.") from error
    for name, cells in classes.items():
        for number, cell in enumerate(cells, start=1):
            if not word_of(cell):
                raise InputError(f"{path}: class {name}: word {number}: expected a word, got none.")
            yield Entry(word_of(cell), name.strip())


def _table(path: Path, text: str) -> Iterator[Entry]:
    delimiter = "\t" if "\t" in text.partition("\n")[0] else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        if _WORD not in header or _CLASSES[0] not in header:
            raise InputError(
                f"{path}, line 1: expected a header with {_WORD} and {_CLASSES[0]}, got {header}."
            )
        word_column = header.index(_WORD)
        columns = [_class_columns(header, name) for name in _CLASSES if name in header]
        for row in reader:
            if any(cell.strip() for cell in row):
                yield from _row(f"{path}, line {reader.line_num}", row, word_column, columns)
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: expected a table; {error}.") from error


def _class_columns(header: list[str], name: str) -> tuple[int, int | None]:
    """Columns of a class and of its intensity, the first 强度 to its right: there are two."""
    start = header.index(name)
    for column in range(start + 1, len(header)):
        if header[column] in _CLASSES:
            break
        if _INTENSITY in header[column]:
            return start, column
    return start, None


def _row(
    where: str, row: list[str], word_column: int, columns: list[tuple[int, int | None]]
) -> Iterator[Entry]:
    def cell(column: int | None) -> str:
        return row[column].strip() if column is not None and column < len(row) else ""

    word = word_of(cell(word_column))
    if not word:
        raise InputError(f"{where}: expected a word in {_WORD}, got none.")
    if not cell(columns[0][0]):
        raise InputError(
            f"{where}: {word}: expected a class in {_CLASSES[0]}, got none; some programs read "
            "the class NA as a missing value."
        )
    for class_column, intensity_column in columns:
        if name := cell(class_column):
            yield Entry(word, name, _intensity(f"{where}: {word}", cell(intensity_column)))


def _intensity(where: str, cell: str) -> float | None:
    if not cell:
        return None
    try:
        intensity = float(cell)
    except ValueError:
        intensity = 0.0
    if not intensity > 0:
        raise InputError(f"{where}: expected an intensity above 0 in {_INTENSITY}, got {cell!r}.")
    return intensity
