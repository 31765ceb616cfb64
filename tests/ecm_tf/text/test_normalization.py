import pytest
import tensorflow as tf

from ecm_tf.text.normalization import MAX_CHARACTERS, normalize


def normalized(text, digits=False):
    return normalize(tf.constant([text]), digits=digits).numpy()[0].decode("utf-8", "strict")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        (" \t\n ", ""),
        ("今天  好\t吗\n", "今天 好 吗"),
        ("全\u3000角\u00a0空", "全 角 空"),
        ("a\x00b\x07c\u200bd\ufeffe", "a b c d e"),
        ("开心😀👍", "开心😀👍"),
        ("2024年", "2024年"),
        (b"\xff\xfe\xe4\xbb\x8a", "\ufffd\ufffd今"),
        (b"\xe4\xbb", "\ufffd"),
    ],
)
def test_normalize(text, expected):
    assert normalized(text) == expected


def test_digits_become_zeros():
    assert normalized("2024年3月", digits=True) == "0000年0月"
    assert normalized("2024年3月", digits=False) == "2024年3月"


@pytest.mark.parametrize("character", ["a", "好", "😀"])
def test_long_texts_are_cut_after_a_whole_character(character):
    assert normalized(character * 100_000) == character * MAX_CHARACTERS


def test_shape_is_kept():
    texts = tf.constant([["a  b"], [" c"]])
    assert normalize(texts, digits=True).numpy().tolist() == [[b"a b"], [b"c"]]
    assert normalize(tf.constant("a  b"), digits=True).numpy() == b"a b"
    assert normalize(tf.zeros([0], tf.string), digits=True).shape == [0]
