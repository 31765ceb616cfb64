"""Readers of corpus files in any format.

Readers yield pairs, and a `BadRecord` in place of each pair that cannot be used; the caller decides
whether to stop or to skip it.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_prep.corpus.bad_records import BadRecord
from data_prep.corpus.files import (
    BOM,
    clean_text,
    decode_line,
    numbered_lines,
    open_corpus,
    read_head,
    to_printable,
)
from data_prep.corpus.formats import (
    ARRAY_FORMATS,
    FORMATS,
    TABLE_FORMATS,
    ArrayFormat,
    RawPair,
    RecordError,
    TableParser,
    label_text,
    parse_dialogue_line,
    parse_json_line,
    shorten,
)
from data_prep.corpus.tables import Row, csv_rows, tsv_rows
from ecm_tf.core.errors import InputError
from ecm_tf.text.emotions import Emotions


@dataclass(frozen=True, slots=True)
class Pair:
    """One post and one response.

    Texts contain no white space but single spaces, and at least one visible character. An emotion
    is a category id, or `None` if the corpus has no label.
    """

    post: str
    response: str
    emotion: int | None
    post_emotion: int | None


@dataclass(frozen=True)
class LabelOptions:
    """How to read the emotion labels of a corpus.

    Attributes:
        emotions: the categories; `None` ignores the labels of the corpus.
        default: category id of responses without a label.
        required: whether a response without a label, and without a default, is a bad record.
    """

    emotions: Emotions | None
    default: int | None = None
    required: bool = True


def read_pairs(
    path: Path, labels: LabelOptions, format: str | None = None
) -> Iterator[Pair | BadRecord]:
    """Reads a corpus file, plain or gzipped; line formats are streamed.

    Args:
        path: the file.
        labels: how to read its emotion labels.
        format: one of `FORMATS`; `None` detects it from the content.

    Raises:
        InputError: the file is missing, or it does not have the given (or any known) format.
    """
    start = read_head(path) if format in (None, "lccc") else b""
    if _starts_with_dialogue(start):
        return _read_lines(path, parse_dialogue_line, labels)
    format = format or _detect_format(path, start)
    if format == "jsonl":
        return _read_lines(path, parse_json_line, labels)
    if format in TABLE_FORMATS:
        return _read_table(path, format, labels)
    records = load_array(path)
    if not records:
        return iter(())
    array_format = ARRAY_FORMATS[format] if format else _array_format(path, records)
    return _read_array(path, records, array_format, labels)


def _starts_with_dialogue(start: bytes) -> bool:
    """Tells whether the first line of a file is a dialogue, a JSON list of utterances."""
    if not start.startswith(b"["):
        return False
    line, _, rest = start.partition(b"\n")
    try:
        utterances = json.loads(line.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        return False
    # A list that others follow is a line, whatever it contains.
    is_dialogue = bool(utterances) and all(isinstance(text, str) for text in utterances)
    return is_dialogue or bool(rest.strip())


def _detect_format(path: Path, start: bytes) -> str | None:
    """Detects the format of a file from its start; `None` if the file is a JSON list of records."""
    if start.startswith(b"["):
        return None
    # An empty shard has no pairs.
    if start.startswith(b"{") or not start:
        return "jsonl"
    header = start.split(b"\n")[0]
    for format, separator in (("tsv", b"\t"), ("csv", b",")):
        names = {name.strip().strip(b'"').strip() for name in header.split(separator)}
        if {b"post", b"response"} <= names:
            return format
    raise InputError(
        f"{path}: expected a corpus in one of the formats {', '.join(FORMATS)}, got a file that "
        f"starts with {shorten(to_printable(start), 40)!r}."
    )


def _array_format(path: Path, records: list[Any]) -> ArrayFormat:
    """Returns the format of the first record that matches one."""
    for record in records:
        for array_format in ARRAY_FORMATS.values():
            if array_format.matches(record):
                return array_format
    shapes = "; ".join(f"{name}: {f.description}" for name, f in ARRAY_FORMATS.items())
    raise InputError(
        f"{path}: expected a JSON list of records with one of the structures {shapes}."
    )


def _read_array(
    path: Path, records: list[Any], array_format: ArrayFormat, labels: LabelOptions
) -> Iterator[Pair | BadRecord]:
    for number, record in enumerate(records, start=1):
        for raw_pair in array_format.pairs(record):
            try:
                yield _pair(raw_pair, labels)
            except RecordError as error:
                yield BadRecord(path, "record", number, str(error), shorten(record, 200))


def _read_lines(
    path: Path, parse: Callable[[str], Iterator[RawPair | RecordError]], labels: LabelOptions
) -> Iterator[Pair | BadRecord]:
    for number, line in numbered_lines(path):
        raw_pairs: list[RawPair | RecordError]
        try:
            raw_pairs = list(parse(decode_line(line)))
        except RecordError as error:
            raw_pairs = [error]
        yield from _checked(path, number, line, raw_pairs, labels)


def _read_table(path: Path, format: str, labels: LabelOptions) -> Iterator[Pair | BadRecord]:
    parser: TableParser | None = None
    for row in tsv_rows(path) if format == "tsv" else csv_rows(path):
        if parser is None:
            parser = _table_parser(path, format, row)
            continue
        raw_pair: RawPair | RecordError
        try:
            decode_line(row.raw)
            raw_pair = parser(row.cells)
        except RecordError as error:
            raw_pair = error
        yield from _checked(path, row.number, row.raw, [raw_pair], labels)


def _table_parser(path: Path, format: str, header: Row) -> TableParser:
    if format == "tsv" and b"\r" in header.raw:
        raise InputError(
            f"{path}: expected lines that end with a line feed, got carriage returns; convert the "
            "line ends."
        )
    try:
        decode_line(header.raw)
        return TableParser(header.cells, "tabs" if format == "tsv" else "commas")
    except RecordError as error:
        raise InputError(f"{path}: {error}.") from error


def _checked(
    path: Path,
    number: int,
    raw: bytes,
    raw_pairs: Iterable[RawPair | RecordError],
    labels: LabelOptions,
) -> Iterator[Pair | BadRecord]:
    for raw_pair in raw_pairs:
        try:
            yield _pair(raw_pair, labels)
        except RecordError as error:
            text = shorten(to_printable(raw).strip(), 200)
            yield BadRecord(path, "line", number, str(error), text)


def _pair(raw_pair: RawPair | RecordError, labels: LabelOptions) -> Pair:
    if isinstance(raw_pair, RecordError):
        raise raw_pair
    emotion = _emotion("response", raw_pair.emotion, labels.emotions)
    emotion = labels.default if emotion is None else emotion
    if emotion is None and labels.required:
        raise RecordError(
            "expected an emotion, got none; add emotions to the corpus, or use "
            "--default_emotion NAME for all responses without one"
        )
    return Pair(
        post=clean_text("post", raw_pair.post),
        response=clean_text("response", raw_pair.response),
        emotion=emotion,
        post_emotion=_emotion("post", raw_pair.post_emotion, labels.emotions),
    )


def _emotion(side: str, value: object, emotions: Emotions | None) -> int | None:
    """Returns the id of an emotion; `None` without a label, which may also be a blank string."""
    no_label = value is None or (isinstance(value, str) and not value.strip())
    if no_label or emotions is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise RecordError(f"{side}: expected the name or id of an emotion, got {shorten(value)}")
    try:
        return emotions.id_of(label_text(value))
    except InputError as error:
        raise RecordError(f"{side}: {shorten(str(error), 1000).rstrip('.')}") from error


def load_array(path: Path) -> list[Any]:
    """Returns the records of a file that is one JSON list; invalid UTF-8 becomes surrogates.

    Raises:
        InputError: the file cannot be read, or is not a JSON list.
    """
    with open_corpus(path) as file:
        # Invalid UTF-8 becomes lone surrogates, which `clean_text` reports with the record number.
        text = file.read().removeprefix(BOM).decode("utf-8", "surrogateescape")
    try:
        records = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path}: expected a JSON list of records, got invalid JSON: {error}."
        ) from error
    if not isinstance(records, list):
        raise InputError(f"{path}: expected a JSON list of records, got {shorten(records)}.")
    return records
