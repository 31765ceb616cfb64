"""Emotion words in the vocabulary."""

from data_prep.build.external_memory import restrict
from ecm_tf.text.vocabulary import SPECIALS


def test_words_are_restricted_to_the_vocabulary():
    lexicon = [["好", "520", "521", "好", " 棒 ", "_GO", "没有"], []]
    memory = restrict(lexicon, [*SPECIALS, "棒", "000", "好"], normalize_digits=True)
    assert memory.words == [["好", "000", "棒"], []]
    assert memory.given == [5, 0]


def test_digits_may_stay():
    memory = restrict([["520", "521"], []], [*SPECIALS, "520"], normalize_digits=False)
    assert memory.words == [["520"], []]
    assert memory.given == [2, 0]
