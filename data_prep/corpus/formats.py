"""The corpus formats: parsing records into pairs, without checking texts and emotions.

An array format is one JSON list of records; an `ArrayFormat` describes how to split a record into
pairs. A line format has one record per line, which a function parses.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, get_args

import msgspec

from ecm_tf.text.spacing import remove_meaningless_spaces


class RecordError(ValueError):
    """A record does not match its format; the message says what was expected and what came."""


class RawPair(msgspec.Struct):
    """A pair as its file contains it: texts may be empty, emotions unknown or of any type."""

    post: str
    response: str
    emotion: Any = None
    post_emotion: Any = None


_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")

Utterance = tuple[str, Any]
"""A text and the emotion label that its file gives it."""


@dataclass(frozen=True)
class ArrayFormat:
    """How to split one record of a JSON list into pairs.

    Attributes:
        description: the structure of a record, for messages.
        split: splits a record into at least one (post, response); raises `RecordError`.
        utterance: parses a post or a response; raises `RecordError`.
    """

    description: str
    split: Callable[[Any], list[tuple[Any, Any]]]
    utterance: Callable[[Any], Utterance]

    def pairs(self, record: Any) -> Iterator[RawPair | RecordError]:
        """Yields the pairs of a record, with an error in place of each pair that is invalid."""
        try:
            candidates = self.split(record)
        except RecordError as error:
            yield error
            return
        for number, (post, response) in enumerate(candidates, start=1):
            try:
                post_text, post_emotion = self.utterance(post)
                text, emotion = self.utterance(response)
                yield RawPair(post_text, text, emotion, post_emotion)
            except RecordError as error:
                prefix = f"pair {number}: " if len(candidates) > 1 else ""
                yield RecordError(f"{prefix}expected {self.description}, {error}")

    def matches(self, record: Any) -> bool:
        """Tells whether at least one pair of a record can be parsed."""
        return any(isinstance(pair, RawPair) for pair in self.pairs(record))


def _post_and_responses(record: Any) -> list[tuple[Any, Any]]:
    if not (_is_list(record, 2) and isinstance(record[1], list) and record[1]):
        raise RecordError(f"expected [post, list of responses], got {shorten(record)}")
    return [(record[0], response) for response in record[1]]


def _post_and_response(record: Any) -> list[tuple[Any, Any]]:
    if not _is_list(record, 2):
        raise RecordError(f"expected [post, response], got {shorten(record)}")
    return [(record[0], record[1])]


def _dialogue(record: Any) -> list[tuple[Any, Any]]:
    if not (isinstance(record, list) and len(record) > 1):
        raise RecordError(f"expected a list of at least two utterances, got {shorten(record)}")
    return list(pairwise(record))


def _tagged(tags: int) -> Callable[[Any], Utterance]:
    """Returns a parser of `[text, tag, …]` with `tags` tags, of which the first is the emotion."""

    def utterance(value: Any) -> Utterance:
        if not (_is_list(value, 1 + tags) and isinstance(value[0], str)):
            raise RecordError(f"got {shorten(value)}")
        return value[0], value[1]

    return utterance


def _spaced(value: Any) -> Utterance:
    if not isinstance(value, str):
        raise RecordError(f"got {shorten(value)}")
    text = re.sub(" +", " ", value)
    # Dialogues of other languages in the same structure keep the spaces between their words.
    return remove_meaningless_spaces(text) if _HAN.search(text) else text, None


_OBJECT = '{"post": text, "response": text, "emotion": name or id}'


def _object(record: Any) -> list[tuple[Any, Any]]:
    if not isinstance(record, dict):
        raise RecordError(f"expected {_OBJECT}, got {shorten(record)}")
    pair = _convert(record)
    return [((pair.post, pair.post_emotion), (pair.response, pair.emotion))]


def _convert(record: Any) -> RawPair:
    try:
        return msgspec.convert(record, RawPair)
    except msgspec.ValidationError as error:
        raise RecordError(f"expected {_OBJECT}; {error}") from error


def _side(value: Utterance) -> Utterance:
    return value


def _is_list(value: Any, length: int) -> bool:
    return isinstance(value, list) and len(value) == length


ARRAY_FORMATS = {
    "ecm": ArrayFormat(
        "[[post, tag1, tag2], [[response, tag1, tag2], …]]", _post_and_responses, _tagged(2)
    ),
    "stc": ArrayFormat(
        "[[post, tag1, tag2], [response, tag1, tag2]]", _post_and_response, _tagged(2)
    ),
    "nlpcc": ArrayFormat("[[post, label], [response, label]]", _post_and_response, _tagged(1)),
    "lccc": ArrayFormat("a list of utterances with spaces between characters", _dialogue, _spaced),
    "json": ArrayFormat(_OBJECT, _object, _side),
}
"""No record matches two of them, so the first good record identifies the format of a file."""


_json_decoder = msgspec.json.Decoder(RawPair)


def parse_json_line(line: str) -> Iterator[RawPair | RecordError]:
    """Parses a JSON object with `post`, `response` and optionally `emotion` and `post_emotion`."""
    try:
        yield _json_decoder.decode(line)
    except msgspec.ValidationError as error:
        raise RecordError(f"expected {_OBJECT}; {error}") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise RecordError(f"expected one JSON object, got invalid JSON ({error})") from error


def parse_dialogue_line(line: str) -> Iterator[RawPair | RecordError]:
    """Parses a dialogue, a JSON list of utterances; neighbouring utterances become pairs."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"expected one JSON list, got invalid JSON ({error})") from error
    yield from ARRAY_FORMATS["lccc"].pairs(record)


class TableParser:
    """Parses the rows of a table.

    Args:
        header: column names: `post`, `response` and optionally `emotion` and `post_emotion`; other
            columns are ignored.
        separator: of the columns, for messages: `"tabs"`, `"commas"`.

    Raises:
        RecordError: a required column is missing, or a column occurs twice.
    """

    def __init__(self, header: Sequence[str], separator: str) -> None:
        self._separator = separator
        names = [name.strip() for name in header]
        self._width = len(names)
        self._columns = {n: i for i, n in enumerate(names) if n in RawPair.__struct_fields__}
        repeated = len(self._columns) < sum(name in self._columns for name in names)
        if repeated or not {"post", "response"} <= self._columns.keys():
            raise RecordError(
                "expected a header line with the columns post and response, each once, "
                f"separated by {separator}, got {shorten(chr(9).join(header))}"
            )

    def __call__(self, cells: Sequence[str]) -> RawPair:
        """Parses one row."""
        if len(cells) != self._width:
            raise RecordError(
                f"expected {self._width} columns separated by {self._separator}, as in the header, "
                f"got {len(cells)}"
            )
        values = {name: cells[column] for name, column in self._columns.items()}
        return RawPair(
            post=values["post"],
            response=values["response"],
            emotion=values.get("emotion"),
            post_emotion=values.get("post_emotion"),
        )


TABLE_FORMATS = ("tsv", "csv")
Format = Literal["ecm", "stc", "nlpcc", "lccc", "json", "jsonl", "tsv", "csv"]
"""The values of `--format`: the names of the array formats, of JSON Lines and of the tables."""
FORMATS: tuple[str, ...] = get_args(Format)


def label_text(value: str | int | float) -> str | int:
    """Returns an emotion label, with `5` for `5.0` and `"5"` for `"5.0"`.

    pandas writes a column of numbers in which some are missing with decimal points.
    """
    if isinstance(value, float):
        return int(value) if value.is_integer() else str(value)
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]+\.0+\s*", value):
        return value.strip().partition(".")[0]
    return value


def shorten(value: Any, length: int = 80) -> str:
    """Returns a text, or a JSON value as text, in printable form, cut to `length` characters."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= length else text[:length] + "…"
