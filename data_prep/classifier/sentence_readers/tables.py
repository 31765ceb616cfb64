"""Labelled sentences in tables: CSV, and TSV without quoting."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from data_prep.classifier.sentence_readers.sentence import Item, find_columns, make_sentence
from data_prep.corpus.files import BadRecord, open_corpus
from data_prep.corpus.formats import RecordError, shorten
from ecm_tf.core.errors import InputError
from ecm_tf.text.emotions import Emotions


def read_csv(path: Path, emotions: Emotions) -> Iterator[Item]:
    """Reads a CSV table with a header line; a quoted cell may contain line breaks."""
    return _read_table(path, emotions, strict=True)


def read_tsv(path: Path, emotions: Emotions) -> Iterator[Item]:
    """Reads a tab-separated table with a header line and without quoting."""
    return _read_table(path, emotions, delimiter="\t", quoting=csv.QUOTE_NONE)


def _read_table(path: Path, emotions: Emotions, **dialect: Any) -> Iterator[Item]:
    columns: tuple[int, int] | None = None
    for number, row in _rows(path, dialect):
        if columns is None:
            columns, width = _header_columns(path, row), len(row)
            continue
        try:
            if len(row) != width:
                raise RecordError(f"expected {width} columns, as in the header, got {len(row)}")
            text, emotion = (row[column] for column in columns)
            yield make_sentence(text, emotion, emotions)
        except RecordError as error:
            yield BadRecord(path, "line", number, str(error), shorten(row, 200))
    if columns is None:
        raise InputError(f"{path}: expected a header line, got an empty file.")


def _rows(path: Path, dialect: dict[str, Any]) -> Iterator[tuple[int, list[str]]]:
    """Yields the rows that are not blank, each with the number of its first line."""
    with (
        open_corpus(path) as file,
        # Invalid UTF-8 becomes lone surrogates, which `clean_text` reports with the line number.
        io.TextIOWrapper(file, "utf-8-sig", errors="surrogateescape", newline="") as text,
    ):
        reader = csv.reader(text, **dialect)
        number = 1
        try:
            for row in reader:
                if len(row) > 1 or "".join(row).strip():
                    yield number, row
                number = reader.line_num + 1
        except csv.Error as error:
            raise InputError(
                f"{path}: line {number}: expected a table with closed quotes and cells of at most "
                f"{csv.field_size_limit()} characters; {error}."
            ) from error


def _header_columns(path: Path, header: list[str]) -> tuple[int, int]:
    names = [name.strip() for name in header]
    try:
        text, emotion = find_columns(names)
    except RecordError as error:
        raise InputError(f"{path}: {error}.") from error
    return names.index(text), names.index(emotion)
