import json

import pytest

from ecm_tf.core.errors import InputError
from ecm_tf.text.emotion_words import read_emotion_words
from ecm_tf.text.emotions import Emotion, Emotions

TWO = Emotions([Emotion("calm", "平静"), Emotion("glad", "高兴")])


@pytest.mark.parametrize("lists", [[[], ["好"]], [["好", "好"], ["棒", "开心"]], [[], []]])
def test_one_list_per_category(tmp_path, lists):
    path = tmp_path / "ememory.json"
    path.write_text(json.dumps(lists))
    assert read_emotion_words(path, TWO) == lists


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (
            "[[]]",
            "expected a JSON list of 2 word lists, one for each category (calm, glad); got 1.",
        ),
        ('{"a": []}', "(calm, glad); got a dict."),
        ('[[], "好"]', 'category 1 glad: expected a list of words, got "好".'),
        ('[["好", 3], []]', "category 0 calm: expected words, got 3."),
        ('[[], ["好", " "]]', 'category 1 glad: expected words, got " ".'),
        ("[[], [null]]", "category 1 glad: expected words, got null."),
        ('[[], ["\\ud83d"]]', 'category 1 glad: expected words in UTF-8, got "\\ud83d".'),
        ("[[],", "a JSON list of word lists; Expecting value"),
        ("\udcff", "a JSON list of word lists, got invalid UTF-8 at byte 1"),
    ],
)
def test_malformed_file(tmp_path, content, problem):
    path = tmp_path / "ememory.json"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError) as error:
        read_emotion_words(path, TWO)
    assert str(error.value).startswith(f"{path}: ")
    assert problem in str(error.value)


def test_missing_file_or_directory(tmp_path):
    with pytest.raises(InputError, match="no such file; expected emotion words"):
        read_emotion_words(tmp_path / "none.json", TWO)
    with pytest.raises(InputError, match="a JSON list of word lists, got a directory"):
        read_emotion_words(tmp_path, TWO)
