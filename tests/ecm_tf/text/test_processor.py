import dataclasses
import sys

import pytest
import tensorflow as tf
from decoded import decode_strings

from ecm_tf.text.emotions import DEFAULT, Emotion, Emotions
from ecm_tf.text.processor import TextProcessor
from ecm_tf.text.vocabulary import EOS, UNK

WHITE_SPACE = "".join(c for c in map(chr, range(sys.maxunicode + 1)) if c.isspace())


@pytest.fixture(scope="module")
def processor(assets):
    return TextProcessor(assets)


def test_ids_are_line_numbers_of_the_vocabularies(processor):
    ids = processor.post_ids(tf.constant(["今天天气ABC", "abc12", "", "_EOS"]))
    assert ids.dtype == tf.int32
    rows = ids.to_list()
    assert rows[:3] == [[4, 5, UNK], [6], []]
    assert EOS not in rows[3], "text that spells a special token must not become one"
    assert processor.response_ids(tf.constant(["喜欢，你"])).to_list() == [[4, 6, 5]]


def test_response_text_respects_each_length(processor):
    ids = tf.constant([[4, 5, 0], [7, 8, 7], [4, 0, 0], [0, 0, 0]])
    texts = processor.response_text(ids, tf.constant([2, 3, 1, 0]))
    assert decode_strings(texts) == ["喜欢你", "hello world hello", "喜欢", ""]


@pytest.mark.parametrize(
    ("text", "id_"),
    [
        ("other", 0),
        ("喜欢", 1),
        ("2", 2),
        ("ANGRY", 4),
        ("  Happy\n", 5),
        ("\u3000高兴\u3000", 5),
        (WHITE_SPACE + "sad" + WHITE_SPACE, 2),
        ("开心", 5),
        ("sadness", 2),
    ],
)
def test_emotion_ids(processor, text, id_):
    assert processor.emotion_ids(tf.constant([text, "0"])).numpy().tolist() == [id_, 0]


@pytest.mark.parametrize("text", ["joyful", "6", "-1", ""])
@pytest.mark.parametrize("compiled", [False, True])
def test_unknown_emotions_are_refused_with_a_list_of_known_ones(processor, text, compiled):
    emotion_ids = (
        tf.function(processor.emotion_ids, autograph=False) if compiled else processor.emotion_ids
    )
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        emotion_ids(tf.constant(["like", text]))
    for emotion in DEFAULT:
        assert emotion.name in str(caught.value)


def test_invalid_utf8_is_refused_as_an_emotion(processor):
    with pytest.raises(tf.errors.InvalidArgumentError, match="0 other"):
        tf.function(processor.emotion_ids, autograph=False)(tf.constant([b"\xff"]))


def test_custom_emotions(assets):
    custom = dataclasses.replace(
        assets, emotions=Emotions([Emotion("calm", "平静"), Emotion("Wild", "疯狂", ("Crazy",))])
    )
    texts = tf.constant(["CALM", "wild", "crazy", "疯狂", "1"])
    assert TextProcessor(custom).emotion_ids(texts).numpy().tolist() == [0, 1, 1, 1, 1]
