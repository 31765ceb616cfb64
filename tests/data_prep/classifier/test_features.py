"""Features of the classifier: the channels of every character."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from data_prep.build.segmentation import unigram_model
from data_prep.classifier.features import (
    BIGRAMS,
    CHARACTERS,
    MAX_LENGTH,
    STARTS,
    UNKNOWN,
    WORDS,
    Features,
    Splitter,
    Vectors,
    learn_features,
)
from data_prep.classifier.training import feature_ids

TEXT = "我 爱 你，hello world 12"


@pytest.fixture
def raw():
    """The splitter of raw Chinese with a vocabulary that contains 你好."""
    return Splitter("jieba", unigram_model({"我": 5, "爱": 5, "你": 5, "你好": 4}, "，好"))


def channels(text: str | bytes, splitter) -> list[list]:
    """Returns the characters, bigrams, words and word starts of a text."""
    rows = [channel.to_list()[0] for channel in splitter(tf.constant([text]))]
    return [[v.decode() if isinstance(v, bytes) else v for v in row] for row in rows]


def test_channels_of_a_text(raw):
    characters, bigrams, words, starts = channels(TEXT, raw)
    assert characters == [*"我爱你，helloworld00"]
    assert bigrams == [
        *("我爱", "爱你", "你，", "，h", "he", "el", "ll", "lo", "ow"),
        *("wo", "or", "rl", "ld", "d0", "00", "0"),
    ]
    assert words == [*"我爱你，", *["hello"] * 5, *["world"] * 5, "00", "00"]
    assert starts == [1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]


@pytest.mark.parametrize(
    "same", ["我爱你，hello world 12", "我爱 你，HeLLo World 98", f" {TEXT}\n"]
)
def test_spaces_case_and_digits_are_normalized(raw, same):
    assert channels(same, raw) == channels(TEXT, raw)


def test_non_ascii_case(raw):
    assert channels("ÀЖ", raw) == channels("àж", raw)


def test_word_is_repeated_at_each_character(raw):
    assert channels("你好我", raw)[2:] == [["你好", "你好", "我"], [1, 0, 1]]


def test_bigrams_do_not_cross_text_boundaries(raw):
    bigrams = raw(tf.constant(["我", "", "爱你"]))[BIGRAMS].to_list()
    assert bigrams == [["我".encode()], [], ["爱你".encode(), "你".encode()]]


def test_whitespace_segmentation():
    characters, bigrams, words, starts = channels("今天 很 Good", Splitter("whitespace", None))
    assert characters == [*"今天很good"]
    assert bigrams[1:4] == ["天很", "很g", "go"]
    assert words == ["今天", "今天", "很", *["good"] * 4]
    assert starts == [1, 0, 1, 1, 0, 0, 0]


def test_a_position_of_english_is_a_word():
    suffixes, bigrams, words, starts = channels("I'm WAITING, ok", Splitter("english", None))
    assert words == ["i", "'m", "waiting", ",", "ok"]
    assert suffixes == ["i", "'m", "ing", ",", "ok"]
    assert bigrams == ["i 'm", "'m waiting", "waiting ,", ", ok", "ok"]
    assert starts == [1] * 5


@pytest.mark.parametrize("text", ["", " \t\n", "\x00\x07\u200b"])
def test_texts_without_characters(raw, text):
    assert channels(text, raw) == [[], [], [], []]


def test_invalid_bytes_are_characters(raw):
    characters, bigrams, words, starts = channels(b"\xff" + "我".encode() + b"\xe4\xbd", raw)
    assert characters == ["\ufffd", "我", "\ufffd"]
    assert bigrams == ["\ufffd我", "我\ufffd", "\ufffd"]
    assert [words, starts] == [characters, [1, 1, 1]]


@pytest.mark.parametrize("text", ["我爱" * MAX_LENGTH, "我" + "a" * 990, "我" * 100_000])
def test_long_texts_are_truncated(raw, text):
    characters, bigrams, _, _ = channels(text, raw)
    assert "".join(characters) == text[:MAX_LENGTH]
    assert bigrams[-2:] == [text[MAX_LENGTH - 2 : MAX_LENGTH], text[MAX_LENGTH - 1]]


def test_ids(raw):
    features = Features([["你", "我"], ["我你", "你"], ["你好"]], raw)
    assert features.sizes == (4, 4, 3)
    ids = features(tf.constant(["我你你好😀"]))
    assert ids.dtype == tf.int32
    assert ids.to_list() == [
        [
            [3, 2, UNKNOWN, 1],
            [2, UNKNOWN, UNKNOWN, 1],
            [2, UNKNOWN, 2, 1],
            [UNKNOWN, UNKNOWN, 2, 0],
            [UNKNOWN, UNKNOWN, UNKNOWN, 1],
        ]
    ]


def test_ids_do_not_depend_on_the_batch(raw):
    features = Features([[*"我爱你，hlo0"], ["我爱", "lo", "0"], ["hello", "你好"]], raw)
    texts = [TEXT, "", "你好" * 300, "囧", b"\xff", "我"]
    together = features(tf.constant(texts)).to_list()
    assert [len(row) for row in together] == [16, 0, MAX_LENGTH, 1, 1, 1]
    assert [features(tf.constant([text])).to_list()[0] for text in texts] == together
    assert features(tf.constant(texts[::-1])).to_list() == together[::-1]


@pytest.mark.parametrize("texts", [[], [""], ["", " "]])
def test_shape_of_batches_without_characters(raw, texts):
    ids = Features([["我"], ["我"], ["我"]], raw)(tf.constant(texts, tf.string))
    assert ids.to_tensor().shape == [len(texts), 0, 4]


SEASONS = [*["春天 来了"] * 3, *["秋天 来了"] * 2, "冬"]


def known(features: Features, text: str) -> list[list[bool]]:
    ids = features(tf.constant([text])).to_list()[0]
    return [[row[channel] != UNKNOWN for row in ids] for channel in (CHARACTERS, BIGRAMS, WORDS)]


def test_rare_features_are_unknown():
    """Minimum counts are 2 for characters and 3 for bigrams and words."""
    features = learn_features(SEASONS, "whitespace", 1)
    assert known(features, "春天 来了") == [[True] * 4] * 3
    characters, bigrams, _ = known(features, "秋天 来了")
    assert characters == [True] * 4
    assert bigrams == [False, True, True, True]
    assert known(features, "冬") == [[False]] * 3


def test_word_is_counted_once():
    _, _, words = known(learn_features(SEASONS, "whitespace", 1), "秋天 来了")
    assert words == [False, False, True, True]


def test_learned_features_are_reproducible():
    texts = ["我 爱 你", "你 爱 我", "hello 我"] * 3
    first, second = (learn_features(texts, "whitespace", 1) for _ in range(2))
    assert first.sizes == second.sizes == (2 + 7, 2 + 11, 2 + 4)
    ids = feature_ids(first, texts)
    assert ids.to_list() == feature_ids(second, texts).to_list()
    for channel, size in enumerate(first.sizes):
        assert {row[channel] for text in ids.to_list() for row in text} == set(range(2, size))
    assert {row[STARTS] for text in ids.to_list() for row in text} == {0, 1}


def test_learn_features_from_raw_chinese():
    features = learn_features(["我爱北京", "我 爱 北京"] * 2, "jieba", 1)
    raw, split_up = features(tf.constant(["我爱北京囧", "我 爱 北 京 囧"])).to_list()
    assert raw == split_up
    assert [row[STARTS] for row in raw] == [1, 1, 1, 0, 1]
    assert [row[WORDS] == UNKNOWN for row in raw] == [False] * 4 + [True]
    assert raw[2][WORDS] == raw[3][WORDS]
    assert raw[4][:STARTS] == [UNKNOWN] * 3


LIMITED = ["春天 来 了", "春天 来 了", "夏天 到 了", "夏天 来 了", "夏天 到 了"]


def vectors(*vocabularies):
    """Vectors whose values are the ranks of the words."""
    embeddings = [np.arange(len(words), dtype=np.float32)[:, np.newaxis] for words in vocabularies]
    return Vectors("whitespace", None, list(map(list, vocabularies)), embeddings)


def test_the_most_frequent_features_remain():
    """了 occurs 5 times; 来 and 夏天 3 times, in this order."""
    all_of_them = learn_features(LIMITED, "whitespace", 1)
    assert all_of_them.vocabularies[WORDS] == ("了", "来", "夏天")
    limited = learn_features(LIMITED, "whitespace", 1, limits=(None, 4, 2))
    assert limited.vocabularies[WORDS] == ("了", "来")
    assert limited.vocabularies[BIGRAMS] == all_of_them.vocabularies[BIGRAMS][:4]
    assert limited.vocabularies[CHARACTERS] == all_of_them.vocabularies[CHARACTERS]
    assert limited.sizes == (2 + len(all_of_them.vocabularies[CHARACTERS]), 6, 4)
    *_, words = known(limited, "夏天 来 了")
    assert words == [False, False, True, True]


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (1, ("猫",)),
        (2, ("猫", "了")),
        (4, ("猫", "来", "了", "狗")),
        (None, ("猫", "来", "狗", "鸟", "了", "夏天")),
    ],
)
def test_limits_keep_what_is_frequent_in_the_vectors_or_in_the_texts(limit, expected):
    """The words of the vectors come first, because their vectors have the first ids."""
    given = vectors(["春", "天"], ["春天"], ["猫", "来", "狗", "鸟"])
    features = learn_features(LIMITED, "whitespace", 1, given, (None, None, limit))
    assert set(features.vocabularies[WORDS]) == set(expected)
    restricted = given.restricted(features.vocabularies)
    number = len(restricted.vocabularies[WORDS])
    assert features.vocabularies[WORDS][:number] == tuple(restricted.vocabularies[WORDS])
    ranks = restricted.embeddings[WORDS][:, 0].astype(int)
    assert [given.vocabularies[WORDS][rank] for rank in ranks] == restricted.vocabularies[WORDS]
    assert set(restricted.vocabularies[WORDS]) == {"猫", "来", "狗", "鸟"} & set(expected)
    assert restricted.embeddings[CHARACTERS].shape == (2, 1)


@pytest.mark.parametrize("with_vectors", [False, True])
def test_the_limit_of_words_limits_the_tokenizer(with_vectors):
    texts = ["我爱北京", "我爱北京", "北京天气好", "上海"]
    given = None
    if with_vectors:
        model = unigram_model({"北京": 5, "上海": 3, "天气": 2, "我": 4}, "我爱北京天气好上海")
        given = replace(vectors(["我"], ["我爱"], ["北京"]), segmenter="jieba", tokenizer=model)
    limited, whole = (
        learn_features(texts * 2, "jieba", 1, given, (None, None, limit)) for limit in (2, None)
    )
    starts = [
        [[row[STARTS] for row in text] for text in features(tf.constant(texts[2:])).to_list()]
        for features in (limited, whole)
    ]
    assert starts[1] == [[1, 0, 1, 0, 1], [1, 0]]
    assert starts[0] == [[1, 0, 1, 1, 1], [1, 1]]
