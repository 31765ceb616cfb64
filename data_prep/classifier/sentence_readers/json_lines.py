"""Labelled sentences in JSON Lines."""

import json
from collections.abc import Iterator
from pathlib import Path

from data_prep.classifier.sentence_readers.sentence import Item, find_columns, make_sentence
from data_prep.corpus.files import BadRecord, decode_line, numbered_lines, to_printable
from data_prep.corpus.formats import RecordError, shorten
from ecm_tf.text.emotions import Emotions


def read_json_lines(path: Path, emotions: Emotions) -> Iterator[Item]:
    """Reads one JSON object per line, with one key for the text and one for the emotion."""
    for number, line in numbered_lines(path):
        try:
            yield make_sentence(*_parse(decode_line(line)), emotions)
        except RecordError as error:
            raw = shorten(to_printable(line).strip(), 200)
            yield BadRecord(path, "line", number, str(error), raw)


def _parse(line: str) -> tuple[str, str | int]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"expected one JSON object, got invalid JSON ({error})") from error
    if not isinstance(row, dict):
        raise RecordError(f"expected one JSON object, got {shorten(row)}")
    text_column, emotion_column = find_columns(row)
    text, emotion = row[text_column], row[emotion_column]
    if not isinstance(text, str):
        raise RecordError(f"expected a text in {text_column}, got {shorten(text)}")
    if isinstance(emotion, bool) or not isinstance(emotion, str | int):
        raise RecordError(f"expected a name or id in {emotion_column}, got {shorten(emotion)}")
    return text, emotion
