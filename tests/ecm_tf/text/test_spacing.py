import pytest

from ecm_tf.text.spacing import ASCII_WORD_CHARACTERS, remove_meaningless_spaces


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("今天 天 气真 好", "今天天气真好"),
        ("hello world", "hello world"),
        ("我 有 iphone 6 s 。", "我有iphone 6 s。"),
        ("a . b", "a.b"),
        (" 我 ", "我"),
        ("", ""),
    ],
)
def test_spaces_remain_between_ascii_words_only(text, expected):
    assert remove_meaningless_spaces(text) == expected


def test_ascii_word_characters():
    assert {"a", "Z", "0"} < ASCII_WORD_CHARACTERS
    assert not {"_", " ", "é", "０"} & ASCII_WORD_CHARACTERS
