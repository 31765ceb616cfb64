"""The shapes of the corpus formats: raw records in, unchecked fields out.

Two families. An array format is one JSON list of records; an `ArrayFormat` says how a record falls
into pairs. A line format has a record on each line, and a function that reads one.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, get_args

import msgspec

from ecm_tf.text.spacing import remove_meaningless_spaces


class ShapeError(ValueError):
    """A record is not what its format says; the message says what was expected and what came."""


class Fields(msgspec.Struct):
    """A pair as its file has it: texts may be empty, emotions may be unknown."""

    post: str
    response: str
    emotion: str | int | None = None
    post_emotion: str | int | None = None


Utterance = tuple[str, str | int | None]
"""A text and what its file says about its emotion."""


@dataclass(frozen=True)
class ArrayFormat:
    """How one record of a JSON list falls into pairs.

    Attributes:
        description: the shape of a record, for messages.
        split: a record → its (post, response) candidates, at least one, or a `ShapeError`.
        utterance: a candidate's half → `Utterance`, or a `ShapeError`.
    """

    description: str
    split: Callable[[Any], list[tuple[Any, Any]]]
    utterance: Callable[[Any], Utterance]

    def fields(self, record: Any) -> Iterator[Fields | ShapeError]:
        """The pairs of a record; an error stands in the place of a pair that cannot be read."""
        try:
            candidates = self.split(record)
        except ShapeError as error:
            yield error
            return
        for number, (post, response) in enumerate(candidates, start=1):
            try:
                post_text, post_emotion = self.utterance(post)
                text, emotion = self.utterance(response)
                yield Fields(post_text, text, emotion, post_emotion)
            except ShapeError as error:
                place = f"pair {number}: " if len(candidates) > 1 else ""
                yield ShapeError(f"{place}expected {self.description}, {error}")

    def fits(self, record: Any) -> bool:
        """Whether a record has at least one pair of this format."""
        return any(isinstance(fields, Fields) for fields in self.fields(record))


def _post_and_responses(record: Any) -> list[tuple[Any, Any]]:
    if not (_is_list(record, 2) and isinstance(record[1], list) and record[1]):
        raise ShapeError(f"expected [post, list of responses], got {shorten(record)}")
    return [(record[0], response) for response in record[1]]


def _post_and_response(record: Any) -> list[tuple[Any, Any]]:
    if not _is_list(record, 2):
        raise ShapeError(f"expected [post, response], got {shorten(record)}")
    return [(record[0], record[1])]


def _dialogue(record: Any) -> list[tuple[Any, Any]]:
    if not (isinstance(record, list) and len(record) > 1):
        raise ShapeError(f"expected a list of at least two utterances, got {shorten(record)}")
    return list(pairwise(record))


def _tagged(tags: int) -> Callable[[Any], Utterance]:
    """Reader of `[text, tag, …]` with that many tags, of which the first is the emotion."""

    def utterance(value: Any) -> Utterance:
        if not (_is_list(value, 1 + tags) and isinstance(value[0], str)):
            raise ShapeError(f"got {shorten(value)}")
        if isinstance(value[1], bool) or not isinstance(value[1], str | int | None):
            raise ShapeError(f"got emotion {shorten(value[1])}")
        return value[0], value[1]

    return utterance


def _spaced(value: Any) -> Utterance:
    if not isinstance(value, str):
        raise ShapeError(f"got {shorten(value)}")
    return remove_meaningless_spaces(re.sub(" +", " ", value)), None


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
}
"""No record fits two of them, so that one good record tells which format a file has."""


_json_fields = msgspec.json.Decoder(Fields)


def json_line(line: str) -> Fields:
    """Reads a JSON object with `post`, `response` and perhaps `emotion`, `post_emotion`."""
    try:
        return _json_fields.decode(line)
    except msgspec.ValidationError as error:
        raise ShapeError(
            f'expected {{"post": text, "response": text, "emotion": name or id}}; {error}'
        ) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise ShapeError(f"expected one JSON object, got invalid JSON ({error})") from error


class TableLine:
    """Reads lines of a tab-separated table, whose columns its header line names.

    Args:
        header: names separated by tabs; `post` and `response` must, `emotion` and `post_emotion`
            may be among them; columns of other names are ignored. No quoting.

    Raises:
        ShapeError: the header lacks a column or has one twice.
    """

    def __init__(self, header: str) -> None:
        names = [name.strip() for name in header.split("\t")]
        self._width = len(names)
        self._places = {n: i for i, n in enumerate(names) if n in Fields.__struct_fields__}
        twice = len(self._places) < sum(name in self._places for name in names)
        if twice or not {"post", "response"} <= self._places.keys():
            raise ShapeError(
                "expected a header line that names the columns post and response once, "
                f"separated by tabs, got {shorten(header)}"
            )

    def __call__(self, line: str) -> Fields:
        """Reads one line; an empty emotion is none."""
        cells = line.split("\t")
        if len(cells) != self._width:
            raise ShapeError(
                f"expected {self._width} columns separated by tabs, as in the header, "
                f"got {len(cells)}"
            )
        values = {name: cells[place] for name, place in self._places.items()}
        return Fields(
            post=values["post"],
            response=values["response"],
            emotion=values.get("emotion", "").strip() or None,
            post_emotion=values.get("post_emotion", "").strip() or None,
        )


LINE_FORMATS = ("jsonl", "tsv")
Format = Literal["ecm", "stc", "nlpcc", "lccc", "jsonl", "tsv"]
"""The values of `--format`: the names of the array formats and of the line formats."""
FORMATS: tuple[str, ...] = get_args(Format)


def shorten(value: Any, length: int = 80) -> str:
    """A text, or any other JSON value as text, safe to print and cut to `length` characters."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= length else text[:length] + "…"
