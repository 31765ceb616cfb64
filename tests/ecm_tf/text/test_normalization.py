import string
import sys
import unicodedata

import pytest
import tensorflow as tf

from ecm_tf.text.characters import FULL_WIDTH, MAX_CHARACTERS, NORMALIZATIONS
from ecm_tf.text.normalization import normalize

FAMILY = "👨\u200d👩\u200d👧"
SCOTLAND = "🏴" + "".join(chr(0xE0000 + ord(c)) for c in "gbsct") + "\U000e007f"
FORMATS = "".join(c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c) == "Cf")


def normalized(text, digits=False, characters=None):
    texts = normalize(tf.constant([text]), digits=digits, characters=characters)
    return texts.numpy()[0].decode("utf-8", "strict")


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


@pytest.mark.parametrize(
    ("characters", "expected"),
    [
        ("width", "ABCxyz0129，。！？～…①ｶﾞ％"),
        ("nfkc", "ABCxyz0129,。!?~...1ガ%"),
        ("none", "ＡＢＣｘｙｚ０１２９，。！？～…①ｶﾞ％"),
        (None, "ＡＢＣｘｙｚ０１２９，。！？～…①ｶﾞ％"),
    ],
)
def test_full_width_characters(characters, expected):
    text = "ＡＢＣｘｙｚ０１２９，。！？～…①ｶﾞ％"
    assert normalized(text, characters=characters) == expected
    if characters in ("width", "nfkc"):
        assert normalized("２０２４年", digits=True, characters=characters) == "0000年"


def test_width_is_nfkc_of_full_width_letters_and_digits():
    text = "".join(chr(code) for first, last in FULL_WIDTH for code in range(first, last + 1))
    assert normalized(text, characters="width") == unicodedata.normalize("NFKC", text)
    assert normalized(text, characters="width") == string.digits + (
        string.ascii_uppercase + string.ascii_lowercase
    )


@pytest.mark.parametrize("characters", NORMALIZATIONS)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("喜\u200b欢\u2060 \ufeff你\u00ad", "喜欢 你"),
        ("a\u200db\u200d", "ab"),
        (f"好{FORMATS}的", "好的"),
        (FORMATS, ""),
        (f"{FAMILY}好{FAMILY}", f"{FAMILY}好{FAMILY}"),
        ("😀👩🏽\u200d🚀❤\ufe0f\u200d🔥", "😀👩🏽\u200d🚀❤\ufe0f\u200d🔥"),
        (f"{SCOTLAND}赢了", f"{SCOTLAND}赢了"),
        ("😀\u200d好", "😀好"),
        (f"{FAMILY}\u200d", FAMILY),
        ("a\x00b\ue000c", "a b c"),
        (b"\xff\xe4\xbb\x8a", "\ufffd今"),
    ],
)
def test_format_characters_leave_no_gap_and_emoji_stay_whole(characters, text, expected):
    assert normalized(text, characters=characters) == expected


@pytest.mark.parametrize("characters", [*NORMALIZATIONS, None])
def test_nothing_exceeds_the_maximum_length(characters):
    assert len(normalized("ﷺ" * 5000, characters=characters)) <= MAX_CHARACTERS


@pytest.mark.parametrize("characters", NORMALIZATIONS)
def test_shapes(characters):
    for texts in ([["ａ"], ["b"]], "ａ", []):
        texts = tf.constant(texts, tf.string)
        assert normalize(texts, digits=True, characters=characters).shape == texts.shape


def test_shape_is_kept():
    texts = tf.constant([["a  b"], [" c"]])
    assert normalize(texts, digits=True).numpy().tolist() == [[b"a b"], [b"c"]]
    assert normalize(tf.constant("a  b"), digits=True).numpy() == b"a b"
    assert normalize(tf.zeros([0], tf.string), digits=True).shape == [0]
