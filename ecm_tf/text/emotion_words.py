"""The original program's file of emotion words: `[[words of category 0], …]` as JSON."""

import json
from pathlib import Path

from ecm_tf.core.errors import InputError
from ecm_tf.core.files import read_json
from ecm_tf.text.emotions import Emotions


def read_emotion_words(path: Path, emotions: Emotions) -> list[list[str]]:
    """Reads the emotion words of each category.

    Args:
        path: a JSON list of word lists, one for each category; a list may be empty.
        emotions: the categories.

    Raises:
        InputError: the file is missing, is not such a list, or has a different number of lists
            than there are categories; or a word is not valid UTF-8.
    """
    lists = read_json(path, "emotion words, a JSON list of word lists")
    if not isinstance(lists, list) or len(lists) != len(emotions):
        received = f"{len(lists)}" if isinstance(lists, list) else f"a {type(lists).__name__}"
        raise InputError(
            f"{path}: expected a JSON list of {len(emotions)} word lists, one for each category "
            f"({', '.join(emotions.names)}); got {received}."
        )
    for id_, (emotion, words) in enumerate(zip(emotions, lists, strict=True)):
        category = f"{path}: category {id_} {emotion.name}"
        if not isinstance(words, list):
            raise InputError(f"{category}: expected a list of words, got {_json(words)}.")
        for word in words:
            if not isinstance(word, str) or not word.strip():
                raise InputError(f"{category}: expected words, got {_json(word)}.")
            try:
                word.encode()
            except UnicodeEncodeError as error:
                shown = json.dumps(word)
                raise InputError(f"{category}: expected words in UTF-8, got {shown}.") from error
    return lists


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False).encode(errors="backslashreplace").decode()
