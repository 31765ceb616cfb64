"""Readers of lexicon files: DUTIR as a table or as JSON, and word lists.

DUTIR (大连理工大学情感词汇本体; Xu, Lin, Pan, Ren, Chen: 情感词汇本体的构造, 2008;
https://ir.dlut.edu.cn/info/1013/1142.htm) is a spreadsheet. Saved as CSV or TSV, it has the columns
词语, 词性种类, 词义数, 词义序号, 情感分类, 强度, 极性, 辅助情感分类, 强度, 极性: a word, its class
with intensity and polarity, and for some words a second class with intensity and polarity. The
words are also distributed as a JSON object with a list for each class.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ecm_tf.core.errors import InputError
from ecm_tf.core.files import reading

_WORD, _INTENSITY = "词语", "强度"
_CLASSES = ("情感分类", "辅助情感分类")


@dataclass(frozen=True)
class Entry:
    """An entry of a lexicon.

    Attributes:
        word: the word, not empty and without surrounding spaces.
        class_name: the lexicon's name of its class, such as `PA` or `乐`.
        intensity: a number above 0, in DUTIR 1, 3, 5, 7 or 9; `None` if the lexicon has none.
    """

    word: str
    class_name: str
    intensity: float | None = None


def read_dutir(path: Path) -> list[Entry]:
    """Reads a DUTIR table (CSV or TSV) or a JSON object `{class: [words]}`, UTF-8 or GB18030.

    A word with a second class becomes two entries.

    Raises:
        InputError: the file is missing or invalid.
    """
    text = _text(path, "a DUTIR lexicon")
    return list(_json(path, text) if text.lstrip().startswith("{") else _table(path, text))


def read_words(path: Path) -> list[str]:
    """Reads a list with one word per line, UTF-8 or GB18030; lines that start with # are comments.

    Raises:
        InputError: the file is missing or has no words.
    """
    lines = (line.strip() for line in _text(path, "one word per line").split("\n"))
    words = [line for line in lines if line and not line.startswith("#")]
    if not words:
        raise InputError(f"{path}: expected one word per line, got none.")
    return words


def clean_word(cell: str | int) -> str:
    """Returns the word in a cell; spreadsheets store some words, such as 848, as numbers."""
    return str(cell).strip()


def _text(path: Path, expected: str) -> str:
    with reading(path, expected):
        content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Chinese Windows saves CSV in this encoding.
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
            if not clean_word(cell):
                raise InputError(f"{path}: class {name}: word {number}: expected a word, got none.")
            yield Entry(clean_word(cell), name.strip())


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
    """Returns the columns of a class and of its intensity, the next 强度 column to its right."""
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

    word = clean_word(cell(word_column))
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
