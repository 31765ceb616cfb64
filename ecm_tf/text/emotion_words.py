"""The original's file of emotion words: `[[words of category 0], [words of category 1], …]`."""

import json
from pathlib import Path

from ecm_tf.core.errors import InputError
from ecm_tf.text.emotions import Emotions


def read_ememory(path: Path, emotions: Emotions) -> list[list[str]]:
    """Reads the words of each category.

    A category without words is legal.

    Raises:
        InputError: no such file, not such a list, or not as many lists as there are categories.
    """
    lists = _load(path)
    if not isinstance(lists, list) or len(lists) != len(emotions):
        came = f"{len(lists)}" if isinstance(lists, list) else f"a {type(lists).__name__}"
        raise InputError(
            f"{path}: expected a JSON list of {len(emotions)} word lists, one for each category "
            f"({', '.join(emotions.names)}); got {came}."
        )
    for id_, (emotion, words) in enumerate(zip(emotions, lists, strict=True)):
        where = f"{path}: category {id_} {emotion.name}"
        if not isinstance(words, list):
            raise InputError(f"{where}: expected a list of words, got {_json(words)}.")
        for word in words:
            if not isinstance(word, str) or not word.strip():
                raise InputError(f"{where}: expected words, got {_json(word)}.")
    return lists


def _load(path: Path) -> object:
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; expected an external memory.") from error
    except (ValueError, OSError) as error:
        raise InputError(f"{path}: expected a JSON list of word lists; {error}.") from error


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
