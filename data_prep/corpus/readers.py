"""Corpus readers: a file of any format in, typed pairs and bad records out.

What happens to a bad record is not decided here: readers yield it in the place of its pair.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_prep.corpus.files import (
    BOM,
    BadRecord,
    clean,
    decoded,
    head,
    numbered_lines,
    opened,
    printable,
)
from data_prep.corpus.formats import (
    ARRAY_FORMATS,
    FORMATS,
    LINE_FORMATS,
    ArrayFormat,
    Fields,
    ShapeError,
    TableLine,
    json_line,
    shorten,
)
from ecm_tf.core.errors import InputError
from ecm_tf.text.emotions import Emotions


@dataclass(frozen=True, slots=True)
class Pair:
    """One post and one response.

    Texts have single spaces and at least one visible character. An emotion is a category id, or
    `None` where the corpus has no label.
    """

    post: str
    response: str
    emotion: int | None
    post_emotion: int | None


@dataclass(frozen=True)
class Labelling:
    """How the emotions of a corpus are to be understood.

    Attributes:
        emotions: the categories; `None` passes over whatever labels the corpus has.
        default: id for responses without a label.
        required: whether a response without a label (and no default) makes a bad record.
    """

    emotions: Emotions | None
    default: int | None = None
    required: bool = True


def read_pairs(
    path: Path, labelling: Labelling, format: str | None = None
) -> Iterator[Pair | BadRecord]:
    """Reads a corpus, plain or gzipped; line formats stream.

    Args:
        path: the file.
        labelling: how its emotions are to be understood.
        format: one of `FORMATS`; `None` looks at the content.

    Raises:
        InputError: there is no such file, or it is of no known (or not of the given) format.
    """
    format = format or _line_format(path)
    if format in LINE_FORMATS:
        return _read_lines(path, format, labelling)
    records = _load_array(path)
    array_format = ARRAY_FORMATS[format] if format else _array_format(path, records)
    return _read_array(path, records, array_format, labelling)


def _line_format(path: Path) -> str | None:
    """The line format that a file starts like; `None` if it starts like a JSON list."""
    start = head(path)
    if start.startswith(b"["):
        return None
    if start.startswith(b"{"):
        return "jsonl"
    if {b"post", b"response"} <= {name.strip() for name in start.split(b"\n")[0].split(b"\t")}:
        return "tsv"
    raise InputError(
        f"{path}: expected a corpus in one of the formats {', '.join(FORMATS)}; it starts with "
        f"{shorten(printable(start), 40)!r}, which none of them does."
    )


def _array_format(path: Path, records: list[Any]) -> ArrayFormat:
    """The format of the first record that fits one."""
    for record in records:
        for array_format in ARRAY_FORMATS.values():
            if array_format.fits(record):
                return array_format
    shapes = "; ".join(f"{name}: {f.description}" for name, f in ARRAY_FORMATS.items())
    raise InputError(f"{path}: expected a JSON list with records of one of the shapes {shapes}.")


def _read_array(
    path: Path, records: list[Any], array_format: ArrayFormat, labelling: Labelling
) -> Iterator[Pair | BadRecord]:
    for number, record in enumerate(records, start=1):
        for fields in array_format.fields(record):
            try:
                yield _pair(fields, labelling)
            except ShapeError as error:
                yield BadRecord(path, "record", number, str(error), shorten(record, 200))


def _read_lines(path: Path, format: str, labelling: Labelling) -> Iterator[Pair | BadRecord]:
    read: Callable[[str], Fields] | None = json_line if format == "jsonl" else None
    for number, line in numbered_lines(path):
        if read is None:
            read = _table(path, line)
            continue
        try:
            yield _pair(read(decoded(line)), labelling)
        except ShapeError as error:
            raw = shorten(printable(line).strip(), 200)
            yield BadRecord(path, "line", number, str(error), raw)


def _table(path: Path, header: bytes) -> TableLine:
    try:
        return TableLine(decoded(header))
    except ShapeError as error:
        raise InputError(f"{path}: {error}.") from error


def _pair(fields: Fields | ShapeError, labelling: Labelling) -> Pair:
    if isinstance(fields, ShapeError):
        raise fields
    emotion = _emotion("response", fields.emotion, labelling.emotions)
    emotion = labelling.default if emotion is None else emotion
    if emotion is None and labelling.required:
        raise ShapeError(
            "expected an emotion, got none; add emotions to the corpus, or give "
            "--default_emotion NAME to all pairs without one"
        )
    return Pair(
        post=clean("post", fields.post),
        response=clean("response", fields.response),
        emotion=emotion,
        post_emotion=_emotion("post", fields.post_emotion, labelling.emotions),
    )


def _emotion(side: str, value: str | int | None, emotions: Emotions | None) -> int | None:
    if value is None or emotions is None:
        return None
    try:
        return emotions.id_of(value)
    except InputError as error:
        raise ShapeError(f"{side}: {shorten(str(error), 1000).rstrip('.')}") from error


def _load_array(path: Path) -> list[Any]:
    with opened(path) as file:
        # Bytes that are no UTF-8 become lone surrogates: the record that has them is found later.
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
