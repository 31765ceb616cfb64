"""Restriction of emotion words to the vocabulary."""

from data_prep.build.external_memory import restrict_to_vocabulary
from ecm_tf.text.vocabulary import SPECIALS


def test_restrict_to_vocabulary():
    lexicon = [["好", "520", "521", "好", " 棒 ", "_GO", "没有"], []]
    memory = restrict_to_vocabulary(lexicon, [*SPECIALS, "棒", "000", "好"], normalize_digits=True)
    assert memory.words == [["好", "000", "棒"], []]
    assert memory.given == [5, 0]


def test_english_emotion_words_are_lower_case_as_in_the_vocabulary():
    memory = restrict_to_vocabulary(
        [["Happy", "GLAD", "Über"]],
        [*SPECIALS, "happy", "glad", "über"],
        normalize_digits=True,
        segmenter="english",
    )
    assert memory.words == [["happy", "glad", "über"]]


def test_restrict_to_vocabulary_with_digits():
    memory = restrict_to_vocabulary(
        [["520", "521"], []], [*SPECIALS, "520"], normalize_digits=False
    )
    assert memory.words == [["520"], []]
    assert memory.given == [2, 0]
