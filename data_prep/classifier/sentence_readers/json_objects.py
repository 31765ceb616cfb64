"""Labelled sentences as JSON objects: one per line, or all in one list."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from data_prep.classifier.sentence_readers.sentence import (
    Columns,
    Item,
    UnmappedSentence,
    make_sentence,
)
from data_prep.corpus.bad_records import BadRecord
from data_prep.corpus.files import clean_text, decode_line, numbered_lines, to_printable
from data_prep.corpus.formats import RecordError, shorten
from data_prep.corpus.readers import load_array
from ecm_tf.text.emotions import Emotions

_EWECT_ONLY = ("fear", "surprise")


def read_json_lines(path: Path, emotions: Emotions, columns: Columns) -> Iterator[Item]:
    """Reads one JSON object per line, with one key for the text and one for the emotion."""
    for number, line in numbered_lines(path):
        try:
            yield make_sentence(*_parse(decode_line(line), columns), emotions)
        except RecordError as error:
            raw = shorten(to_printable(line).strip(), 200)
            yield BadRecord(path, "line", number, str(error), raw)


def read_json_list(path: Path, emotions: Emotions, columns: Columns) -> Iterator[Item]:
    """Reads one JSON list of objects, such as the files of SMP2020-EWECT.

    EWECT's labels are neutral, happy, angry, sad, fear and surprise. Sentences of fear and surprise
    are yielded as `UnmappedSentence`, like those of NLPCC, unless they are categories.
    """
    for number, row in enumerate(load_array(path), start=1):
        try:
            text, emotion = _text_and_emotion(row, columns)
            if emotion in _EWECT_ONLY and emotion not in emotions.ids_by_text:
                clean_text("sentence", text)
                yield UnmappedSentence(path, number, str(emotion))
            else:
                yield make_sentence(text, emotion, emotions)
        except RecordError as error:
            yield BadRecord(path, "record", number, str(error), shorten(row, 200))


def _parse(line: str, columns: Columns) -> tuple[str, str | int | float]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"expected one JSON object, got invalid JSON ({error})") from error
    return _text_and_emotion(row, columns)


def _text_and_emotion(row: Any, columns: Columns) -> tuple[str, str | int | float]:
    if not isinstance(row, dict):
        raise RecordError(f"expected one JSON object, got {shorten(row)}")
    text_column, emotion_column = columns.find(row)
    text, emotion = row[text_column], row[emotion_column]
    if not isinstance(text, str):
        raise RecordError(f"expected a text in {text_column}, got {shorten(text)}")
    if isinstance(emotion, bool) or not isinstance(emotion, str | int | float):
        raise RecordError(f"expected a name or id in {emotion_column}, got {shorten(emotion)}")
    return text, emotion
