"""Labelled sentences in tables, comma-separated or tab-separated."""

from collections.abc import Iterator
from pathlib import Path

from data_prep.classifier.sentence_readers.sentence import Columns, Item, make_sentence
from data_prep.corpus.bad_records import BadRecord
from data_prep.corpus.files import to_printable
from data_prep.corpus.formats import RecordError, shorten
from data_prep.corpus.tables import Row, csv_rows, tsv_rows
from ecm_tf.core.errors import InputError
from ecm_tf.text.emotions import Emotions


def read_csv(path: Path, emotions: Emotions, columns: Columns) -> Iterator[Item]:
    """Reads a CSV table with a header line; a quoted cell may contain line breaks."""
    return _read_table(path, csv_rows(path), emotions, columns)


def read_tsv(path: Path, emotions: Emotions, columns: Columns) -> Iterator[Item]:
    """Reads a tab-separated table with a header line; see `tsv_rows` for quoted cells."""
    return _read_table(path, tsv_rows(path), emotions, columns)


def _read_table(
    path: Path, rows: Iterator[Row], emotions: Emotions, columns: Columns
) -> Iterator[Item]:
    positions: tuple[int, int] | None = None
    for row in rows:
        if positions is None:
            positions, width = _positions(path, row, columns), len(row.cells)
            continue
        try:
            if len(row.cells) != width:
                raise RecordError(
                    f"expected {width} columns, as in the header, got {len(row.cells)}"
                )
            text, emotion = (row.cells[column] for column in positions)
            yield make_sentence(text, emotion, emotions)
        except RecordError as error:
            raw = shorten(to_printable(row.raw).strip(), 200)
            yield BadRecord(path, "line", row.number, str(error), raw)
    if positions is None:
        raise InputError(f"{path}: expected a header line, got an empty file.")


def _positions(path: Path, header: Row, columns: Columns) -> tuple[int, int]:
    try:
        names = [name.strip() for name in header.cells]
        text, emotion = columns.find(names)
    except RecordError as error:
        raise InputError(f"{path}: {error}.") from error
    return names.index(text), names.index(emotion)
