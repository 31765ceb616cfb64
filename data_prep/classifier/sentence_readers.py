"""Readers of labelled sentences, which an emotion classifier is trained and judged on.

A table (`csv`, `tsv`) or JSON Lines (`jsonl`) with a column for the text and one for the emotion,
or the XML of NLPCC's shared tasks on emotions in Weibo posts (`xml`). As in `corpus`, a bad record
is yielded in the place of its sentence.
"""

import codecs
import csv
import io
import json
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast
from xml.parsers import expat

from data_prep.corpus.files import (
    BadRecord,
    clean,
    decoded,
    head,
    numbered_lines,
    opened,
    printable,
)
from data_prep.corpus.formats import ShapeError, shorten
from ecm_tf.core.errors import InputError
from ecm_tf.text.emotions import Emotions

TEXT_COLUMNS = ("text", "sentence", "content")
EMOTION_COLUMNS = ("emotion", "label", "labels")
_UTF16_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text with single spaces and at least one visible character, and its category's id."""

    text: str
    emotion: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What stands in the place of a good sentence whose emotion is none of the categories.

    Attributes:
        file: where it was read.
        record: its line, from 1.
        emotion: NLPCC's English name of its emotion: `"fear"`, `"surprise"`, ….
    """

    file: Path
    record: int
    emotion: str


Item = Sentence | LeftOut | BadRecord


def read_sentences(path: Path, emotions: Emotions, format: str | None = None) -> Iterator[Item]:
    """Reads labelled sentences, plain or gzipped; every format streams.

    Args:
        path: the file.
        emotions: the categories.
        format: one of `SENTENCE_FORMATS`; `None` looks at the content.

    Raises:
        InputError: there is no such file, or it is of no known (or not of the given) format.
    """
    return _READERS[format or _format(path)](path, emotions)


def _format(path: Path) -> str:
    start = head(path)
    if start.startswith((b"<", *_UTF16_BOMS)):
        return "xml"
    if start.startswith(b"{"):
        return "jsonl"
    if not start:
        raise InputError(
            f"{path}: expected sentences in one of the formats {', '.join(SENTENCE_FORMATS)}; "
            "it has nothing in it."
        )
    return "tsv" if b"\t" in start.splitlines()[0] else "csv"


def _read_json_lines(path: Path, emotions: Emotions) -> Iterator[Item]:
    for number, line in numbered_lines(path):
        try:
            yield _sentence(*_json_cells(decoded(line)), emotions)
        except ShapeError as error:
            yield BadRecord(path, "line", number, str(error), shorten(printable(line).strip(), 200))


def _json_cells(line: str) -> tuple[str, str | int]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ShapeError(f"expected one JSON object, got invalid JSON ({error})") from error
    if not isinstance(row, dict):
        raise ShapeError(f"expected one JSON object, got {shorten(row)}")
    text_column, emotion_column = _columns(row)
    text, emotion = row[text_column], row[emotion_column]
    if not isinstance(text, str):
        raise ShapeError(f"expected a text in {text_column}, got {shorten(text)}")
    if isinstance(emotion, bool) or not isinstance(emotion, str | int):
        raise ShapeError(f"expected a name or id in {emotion_column}, got {shorten(emotion)}")
    return text, emotion


def _read_csv(path: Path, emotions: Emotions) -> Iterator[Item]:
    return _read_table(path, emotions, strict=True)


def _read_tsv(path: Path, emotions: Emotions) -> Iterator[Item]:
    return _read_table(path, emotions, delimiter="\t", quoting=csv.QUOTE_NONE)


def _read_table(path: Path, emotions: Emotions, **dialect: Any) -> Iterator[Item]:
    """Reads a table with a header line; a quoted cell may go over several lines."""
    columns: tuple[int, int] | None = None
    for number, row in _rows(path, dialect):
        if columns is None:
            columns, width = _table_columns(path, row), len(row)
            continue
        try:
            if len(row) != width:
                raise ShapeError(f"expected {width} columns, as in the header, got {len(row)}")
            text, emotion = (row[column] for column in columns)
            yield _sentence(text, emotion, emotions)
        except ShapeError as error:
            yield BadRecord(path, "line", number, str(error), shorten(row, 200))
    if columns is None:
        raise InputError(f"{path}: expected a header line, got an empty file.")


def _rows(path: Path, dialect: dict[str, Any]) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, each with the number of its first line."""
    with (
        opened(path) as file,
        # Bytes that are no UTF-8 become lone surrogates, which `clean` finds.
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
                f"{path}: line {number}: expected a table whose quotes are closed and whose cells "
                f"have at most {csv.field_size_limit()} characters; {error}."
            ) from error


def _table_columns(path: Path, header: list[str]) -> tuple[int, int]:
    names = [name.strip() for name in header]
    try:
        text, emotion = _columns(names)
    except ShapeError as error:
        raise InputError(f"{path}: {error}.") from error
    return names.index(text), names.index(emotion)


def _columns(names: Collection[str]) -> tuple[str, str]:
    """The columns of the text and of the emotion; there must be one of each."""
    text, emotion = (
        [name for name in names if name in known] for known in (TEXT_COLUMNS, EMOTION_COLUMNS)
    )
    if len(text) != 1 or len(emotion) != 1:
        raise ShapeError(
            f"expected one of the columns {', '.join(TEXT_COLUMNS)} and one of "
            f"{', '.join(EMOTION_COLUMNS)}, got {shorten(', '.join(names))}"
        )
    return text[0], emotion[0]


def _sentence(text: str, emotion: str | int, emotions: Emotions) -> Sentence:
    if not str(emotion).strip():
        raise ShapeError("expected an emotion, got none")
    try:
        return Sentence(clean("sentence", text), emotions.id_of(emotion))
    except InputError as error:
        raise ShapeError(shorten(str(error), 1000).rstrip(".")) from error


_NLPCC_TYPES = {
    "无": "none",
    "喜好": "like",
    "高兴": "happiness",
    "悲伤": "sadness",
    "愤怒": "anger",
    "厌恶": "disgust",
    "恐惧": "fear",
    "惊讶": "surprise",
}
"""What `emotion-1-type` may say: the Chinese words in 2013's test set, elsewhere the English."""


def _read_xml(path: Path, emotions: Emotions) -> Iterator[Item]:
    """Reads NLPCC's XML: `<weibo …><sentence opinionated="Y" emotion-1-type="…">text</sentence>`.

    2013's sample calls `opinionated` `emotion_tag`. A sentence with an `N` there has no emotion;
    a second emotion (`emotion-2-type`) is not used, nor is the emotion of the whole post.
    """
    reader = _NlpccReader(path, emotions)
    with opened(path) as file:
        for chunk in _chunks(path, file, reader):
            reader.feed(chunk)
            yield from reader.take()
        reader.close()
        yield from reader.take()


def _chunks(path: Path, file: IO[bytes], reader: "_NlpccReader") -> Iterator[str]:
    """The text of an XML file, in the encoding that it starts with or declares."""
    encoding = _xml_encoding(cast(io.BufferedReader, file).peek(1024)[:1024])
    try:
        with io.TextIOWrapper(cast(io.BufferedReader, file), encoding) as text:
            while chunk := text.read(_CHUNK):
                yield chunk
    except LookupError as error:
        raise InputError(f"{path}: expected an encoding that Python knows; {error}.") from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: after line {reader.line}: expected text in {encoding}, which the file starts "
            f"with or declares, got invalid bytes ({error.reason})."
        ) from error


def _xml_encoding(start: bytes) -> str:
    if start.startswith(_UTF16_BOMS):
        return "utf-16"
    declared = re.match(rb"""(?:\xef\xbb\xbf)?\s*<\?xml[^>]*\sencoding=["']([\w.:-]+)""", start)
    name = declared[1].decode().lower() if declared else "utf-8"
    # GB18030 has the same characters at the same places, and more: those that files really use.
    # Nothing whose declaration is read byte by byte is UTF-16, as a file that was converted says.
    wider = {"gb2312": "gb18030", "gbk": "gb18030", "utf-8": "utf-8-sig", "utf-16": "utf-8-sig"}
    return wider.get(name, name)


class _NlpccReader:
    """Collects sentences while it is fed with pieces of an XML file.

    Args:
        path: the file's name, for messages.
        emotions: the categories.
    """

    def __init__(self, path: Path, emotions: Emotions) -> None:
        self._path = path
        self._ids = _nlpcc_ids(emotions)
        self._items: list[Item] = []
        self._found = False
        self._sentence: dict[str, str] | None = None
        self._start = 0
        self._text: list[str] = []
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._parser.StartElementHandler = self._begin
        self._parser.CharacterDataHandler = self._hear
        self._parser.EndElementHandler = self._end

    @property
    def line(self) -> int:
        """The line that was read last, from 1."""
        return self._parser.CurrentLineNumber

    def feed(self, text: str) -> None:
        """Reads a piece.

        Raises:
            InputError: it is not well-formed XML, or it has a DOCTYPE.
        """
        self._parse(text, False)

    def close(self) -> None:
        """Ends the reading.

        Raises:
            InputError: the file ends too early, or has no sentences.
        """
        self._parse("", True)
        if not self._found:
            raise InputError(
                f"{self._path}: expected NLPCC's XML, with sentence elements; it has none."
            )

    def take(self) -> list[Item]:
        """What was collected since the last call."""
        items, self._items = self._items, []
        return items

    def _parse(self, text: str, final: bool) -> None:
        try:
            self._parser.Parse(text, final)
        except expat.ExpatError as error:
            raise InputError(
                f"{self._path}: line {error.lineno}: expected well-formed XML, got "
                f"{expat.ErrorString(error.code)} at column {error.offset + 1} (in a text, & is "
                "written &amp; and < is written &lt;)."
            ) from error

    def _refuse_doctype(self, *_: object) -> None:
        raise InputError(
            f"{self._path}: line {self.line}: expected XML without a DOCTYPE, got one."
        )

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "sentence":
            self._found = True
            self._sentence, self._start, self._text = attributes, self.line, []

    def _hear(self, text: str) -> None:
        if self._sentence is not None:
            self._text.append(text)

    def _end(self, tag: str) -> None:
        if tag == "sentence" and self._sentence is not None:
            text = "".join(self._text)
            try:
                self._items.append(self._item(text, self._sentence))
            except ShapeError as error:
                raw = shorten({**self._sentence, "text": text}, 200)
                bad = BadRecord(self._path, "line", self._start, str(error), raw)
                self._items.append(bad)
            self._sentence = None

    def _item(self, text: str, attributes: dict[str, str]) -> Item:
        text, emotion = clean("sentence", text), _nlpcc_type(attributes)
        if emotion not in self._ids:
            return LeftOut(self._path, self._start, emotion)
        return Sentence(text, self._ids[emotion])


def _nlpcc_ids(emotions: Emotions) -> dict[str, int]:
    """The category of each of NLPCC's emotions that has one."""
    answers = emotions.ids_by_text
    names = {english: (english, chinese) for chinese, english in _NLPCC_TYPES.items()}
    names["none"] = ("other", "其他")
    return {
        emotion: answers[name]
        for emotion, both in names.items()
        for name in both
        if name in answers
    }


def _nlpcc_type(attributes: dict[str, str]) -> str:
    """The English name of a sentence's first emotion; `"none"` if it has none."""
    flag = attributes.get("opinionated", attributes.get("emotion_tag", "")).strip()
    if flag == "N":
        return "none"
    if flag != "Y":
        raise ShapeError(
            f"expected opinionated (or emotion_tag) Y or N, got {shorten(flag) or 'none'}"
        )
    given = attributes.get("emotion-1-type", "").strip()
    emotion = _NLPCC_TYPES.get(given, given.lower())
    if emotion not in _NLPCC_TYPES.values():
        raise ShapeError(
            f"expected an emotion-1-type out of {', '.join(_NLPCC_TYPES.values())}, "
            f"got {shorten(given) or 'none'}"
        )
    return emotion


_READERS: dict[str, Callable[[Path, Emotions], Iterator[Item]]] = {
    "csv": _read_csv,
    "tsv": _read_tsv,
    "jsonl": _read_json_lines,
    "xml": _read_xml,
}
SENTENCE_FORMATS = tuple(_READERS)
"""Every format name that `read_sentences` takes."""
