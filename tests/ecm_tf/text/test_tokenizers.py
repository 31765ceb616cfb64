import random

import pytest
import tensorflow as tf
from decoded import decode_strings

from ecm_tf.text.spacing import ASCII_WORD_CHARACTERS
from ecm_tf.text.tokenizers import UnigramTokenizer, WhitespaceTokenizer


def test_unigram_segments_raw_text(unigram):
    tokens = UnigramTokenizer(unigram).tokenize(tf.constant(["今天天气真好，我喜欢你"]))
    assert decode_strings(tokens) == [["今天", "天气", "真", "好", "，", "我", "喜欢", "你"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("abc123好", ["abc123", "好"]),
        ("好iPhone15好", ["好", "iPhone15", "好"]),
        ("hello world", ["hello", "world"]),
        ("a b c", ["a", "b", "c"]),
        ("3.5", ["3", ".", "5"]),
        ("我", ["我"]),
        ("x", ["x"]),
        ("", []),
    ],
)
def test_unigram_keeps_letters_and_digits_together(unigram, text, expected):
    assert decode_strings(UnigramTokenizer(unigram).tokenize(tf.constant([text]))) == [expected]


def test_unigram_does_not_join_words_of_different_texts(unigram):
    tokens = UnigramTokenizer(unigram).tokenize(tf.constant(["我abc", "", "def好", "1", "2"]))
    assert decode_strings(tokens) == [["我", "abc"], [], ["def", "好"], ["1"], ["2"]]


@pytest.mark.parametrize(
    "split",
    ["今天 天气 真 好 ， 我 喜欢 你", "今天 天气真好 ，我喜欢 你", "今 天 天 气 真好，我喜 欢你"],
)
def test_unigram_gives_split_and_raw_chinese_the_same_tokens(unigram, split):
    tokenizer = UnigramTokenizer(unigram)
    raw = tokenizer.tokenize(tf.constant(["今天天气真好，我喜欢你"]))
    assert decode_strings(tokenizer.tokenize(tf.constant([split]))) == decode_strings(raw)


def test_unigram_with_an_empty_batch(unigram):
    tokenizer = UnigramTokenizer(unigram)
    tokens = tokenizer.tokenize(tf.zeros([0], tf.string))
    assert tokens.shape[0] == 0
    assert tokenizer.detokenize(tokens).shape == [0]


def test_unigram_keeps_unknown_characters(unigram):
    (tokens,) = decode_strings(UnigramTokenizer(unigram).tokenize(tf.constant(["我囧😀你\ufffd"])))
    assert "".join(tokens) == "我囧😀你\ufffd"
    assert tokens[0] == "我"
    assert "你" in tokens


def test_unigram_in_graph_mode(unigram):
    tokenizer = UnigramTokenizer(unigram)
    texts = tf.constant(["今天abc好", "", "我 喜欢"])
    compiled = tf.function(
        tokenizer.tokenize, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False
    )
    assert decode_strings(compiled(texts)) == decode_strings(tokenizer.tokenize(texts))


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        (["我", "喜欢", "你"], "我喜欢你"),
        (["我", "love", "you", "，", "好"], "我love you，好"),
        (["a", "b", "c", "d"], "a b c d"),
        (["我", "a", "你", "b", "他"], "我a你b他"),
        (["我", "你", "他", "她"], "我你他她"),
        (["00", "点", "00", "00"], "00点00 00"),
        ([], ""),
    ],
)
def test_unigram_detokenize_puts_spaces_between_ascii_words_only(unigram, tokens, expected):
    ragged = tf.ragged.constant([tokens], tf.string)
    assert decode_strings(UnigramTokenizer(unigram).detokenize(ragged)) == [expected]


def test_unigram_detokenize_removes_every_meaningless_space(unigram):
    generator = random.Random(3)
    alphabet = ["我", "喜欢", "，", "😀", "a", "Ab3", "00", ".", "C++", "é", "\u3000"]
    rows = [generator.choices(alphabet, k=generator.randrange(9)) for _ in range(2000)]
    expected = []
    for tokens in rows:
        text = ""
        for token in tokens:
            between_words = text[-1:] in ASCII_WORD_CHARACTERS and token[0] in ASCII_WORD_CHARACTERS
            text += " " + token if between_words else token
        expected.append(text)
    tokens = tf.ragged.constant(rows, tf.string)
    assert decode_strings(UnigramTokenizer(unigram).detokenize(tokens)) == expected


def test_whitespace_round_trip():
    tokenizer = WhitespaceTokenizer()
    tokens = tokenizer.tokenize(tf.constant(["今天 天气真 好", "", "a,b c"]))
    assert decode_strings(tokens) == [["今天", "天气真", "好"], [], ["a,b", "c"]]
    assert decode_strings(tokenizer.detokenize(tokens)) == ["今天 天气真 好", "", "a,b c"]
    assert tokenizer.tokenize(tf.zeros([0], tf.string)).shape[0] == 0
