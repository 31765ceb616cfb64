"""The corpus formats: parsing records into pairs, without checking texts and emotions.

An array format is one JSON list of records; an `ArrayFormat` describes how to split a record into
pairs. A line format has one record per line, which a function parses.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, get_args

import msgspec

from ecm_tf.text.spacing import remove_meaningless_spaces


class RecordError(ValueError):
    """A record does not match its format; the message says what was expected and what came."""


class RawPair(msgspec.Struct):
    """A pair as its file contains it: texts may be empty and emotions may be unknown."""

    post: str
    response: str
    emotion: str | int | None = None
    post_emotion: str | int | None = None


Utterance = tuple[str, str | int | None]
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
        if isinstance(value[1], bool) or not isinstance(value[1], str | int | None):
            raise RecordError(f"got emotion {shorten(value[1])}")
        return value[0], value[1]

    return utterance


def _spaced(value: Any) -> Utterance:
    if not isinstance(value, str):
        raise RecordError(f"got {shorten(value)}")
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
"""No record matches two of them, so the first good record identifies the format of a file."""


_json_decoder = msgspec.json.Decoder(RawPair)


def parse_json_line(line: str) -> RawPair:
    """Parses a JSON object with `post`, `response` and optionally `emotion` and `post_emotion`."""
    try:
        return _json_decoder.decode(line)
    except msgspec.ValidationError as error:
        raise RecordError(
            f'expected {{"post": text, "response": text, "emotion": name or id}}; {error}'
        ) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise RecordError(f"expected one JSON object, got invalid JSON ({error})") from error


class TableLineParser:
    """Parses lines of a tab-separated table without quoting.

    Args:
        header: column names separated by tabs: `post`, `response` and optionally `emotion` and
            `post_emotion`; other columns are ignored.

    Raises:
        RecordError: a required column is missing, or a column occurs twice.
    """

    def __init__(self, header: str) -> None:
        names = [name.strip() for name in header.split("\t")]
        self._width = len(names)
        self._columns = {n: i for i, n in enumerate(names) if n in RawPair.__struct_fields__}
        repeated = len(self._columns) < sum(name in self._columns for name in names)
        if repeated or not {"post", "response"} <= self._columns.keys():
            raise RecordError(
                "expected a header line with the columns post and response, each once, "
                f"separated by tabs, got {shorten(header)}"
            )

    def __call__(self, line: str) -> RawPair:
        """Parses one line; an empty emotion cell means no emotion."""
        cells = line.split("\t")
        if len(cells) != self._width:
            raise RecordError(
                f"expected {self._width} columns separated by tabs, as in the header, "
                f"got {len(cells)}"
            )
        values = {name: cells[column] for name, column in self._columns.items()}
        return RawPair(
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
    """Returns a text, or a JSON value as text, in printable form, cut to `length` characters."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= length else text[:length] + "…"
