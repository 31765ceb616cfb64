"""Readers of corpus files in any format.

Readers yield pairs, and a `BadRecord` in place of each pair that cannot be used; the caller decides
whether to stop or to skip it.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_prep.corpus.files import (
    BOM,
    BadRecord,
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
    LINE_FORMATS,
    ArrayFormat,
    RawPair,
    RecordError,
    TableLineParser,
    parse_json_line,
    shorten,
)
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
    format = format or _line_format(path)
    if format in LINE_FORMATS:
        return _read_lines(path, format, labels)
    records = _load_array(path)
    array_format = ARRAY_FORMATS[format] if format else _array_format(path, records)
    return _read_array(path, records, array_format, labels)


def _line_format(path: Path) -> str | None:
    """Detects the line format of a file; `None` if the file is a JSON list."""
    start = read_head(path)
    if start.startswith(b"["):
        return None
    if start.startswith(b"{"):
        return "jsonl"
    if {b"post", b"response"} <= {name.strip() for name in start.split(b"\n")[0].split(b"\t")}:
        return "tsv"
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


def _read_lines(path: Path, format: str, labels: LabelOptions) -> Iterator[Pair | BadRecord]:
    parse: Callable[[str], RawPair] | None = parse_json_line if format == "jsonl" else None
    for number, line in numbered_lines(path):
        if parse is None:
            parse = _table_parser(path, line)
            continue
        try:
            yield _pair(parse(decode_line(line)), labels)
        except RecordError as error:
            raw = shorten(to_printable(line).strip(), 200)
            yield BadRecord(path, "line", number, str(error), raw)


def _table_parser(path: Path, header: bytes) -> TableLineParser:
    try:
        return TableLineParser(decode_line(header))
    except RecordError as error:
        raise InputError(f"{path}: {error}.") from error


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


def _emotion(side: str, value: str | int | None, emotions: Emotions | None) -> int | None:
    if value is None or emotions is None:
        return None
    try:
        return emotions.id_of(value)
    except InputError as error:
        raise RecordError(f"{side}: {shorten(str(error), 1000).rstrip('.')}") from error


def _load_array(path: Path) -> list[Any]:
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
