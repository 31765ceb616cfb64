"""Selection of words, and the decisions about them."""

import numpy as np
import pytest

from data_prep.lexicon.candidates import Candidate
from data_prep.lexicon.log_odds import log_odds
from data_prep.lexicon.selection import Decision, kept_words, select_words
from data_prep.lexicon.settings import LexiconSettings
from ecm_tf.core.errors import InputError
from ecm_tf.text.emotions import DEFAULT
from ecm_tf.text.vocabulary import SPECIALS

COUNTS = {  # in categories 0 (neutral), 1 and 2
    "the": (9000, 1000, 1000),
    "good": (600, 200, 40),
    "glad": (5, 90, 2),
    "awful": (5, 2, 90),
    "wow": (20, 40, 50),
    "once": (1, 0, 0),
    "!!": (1, 200, 1),
    "well": (500, 1, 1),
}
WORDS = [*SPECIALS, *COUNTS]
STATISTIC = log_odds(
    np.array([[0, 50, 0, 0, *column] for column in zip(*COUNTS.values(), strict=True)]), 0.1
)


def choose(*candidates: Candidate, neutral=frozenset({0}), **settings):
    choices = select_words(candidates, WORDS, STATISTIC, LexiconSettings(**settings), neutral)
    return choices, {(c.word, c.category): c.decision for c in choices}


def test_every_decision():
    choices, decisions = choose(
        Candidate("glad", 1, "dutir", 7),
        Candidate("well", 1, "dutir", 7),
        Candidate("awful", 2, "dutir", 1),
        Candidate("wow", 1, "dutir", 7),
        Candidate("wow", 2, "dutir", 5),
        Candidate("wow", None, "dutir", 9),
        Candidate("cheery", 1, "dutir", 7),
        Candidate("_EOS", 1, "dutir", 7),
        min_intensity=3,
    )
    assert decisions == {
        ("glad", 1): Decision.KEPT,
        ("well", 1): Decision.GENERIC,
        ("awful", 2): Decision.INTENSITY,
        ("wow", 1): Decision.KEPT,
        ("wow", 2): Decision.AMBIGUOUS,
        ("wow", None): Decision.NO_CATEGORY,
        ("cheery", 1): Decision.VOCABULARY,
        ("_EOS", 1): Decision.VOCABULARY,
    }
    assert kept_words(choices, 3) == [[], ["glad", "wow"], []]


def test_no_filter_keeps_generic_words():
    proposed = Candidate("the", 1, "words"), Candidate("glad", 1, "words")
    assert kept_words(choose(*proposed)[0], 3)[1] == ["glad"]
    # Ordered by descending z-score.
    assert kept_words(choose(*proposed, filter=False)[0], 3)[1] == ["glad", "the"]


def test_rare_word_is_kept():
    assert COUNTS["once"][1] == 0
    assert choose(Candidate("once", 1, "words"))[1] == {("once", 1): Decision.KEPT}


def test_ambiguous_word():
    first, second = Candidate("wow", 1, "dutir", 7), Candidate("wow", 2, "dutir", 5)
    unknown, equal = Candidate("wow", 1, "words"), Candidate("wow", 2, "dutir", 7)
    assert STATISTIC.ratio[1, WORDS.index("wow")] < STATISTIC.ratio[2, WORDS.index("wow")]
    assert kept_words(choose(first, second)[0], 3) == [[], ["wow"], []]
    assert kept_words(choose(first, equal)[0], 3) == [[], [], ["wow"]]
    assert kept_words(choose(unknown, second)[0], 3) == [[], [], ["wow"]]
    assert kept_words(choose(first, second, ambiguous="all")[0], 3) == [[], ["wow"], ["wow"]]


def test_generic_candidate_does_not_make_a_word_ambiguous():
    proposed = Candidate("glad", 2, "dutir", 9), Candidate("glad", 1, "dutir", 1)
    assert choose(*proposed)[1] == {("glad", 2): Decision.GENERIC, ("glad", 1): Decision.KEPT}


def test_candidates_of_the_same_word_are_merged():
    choices, _ = choose(
        Candidate("glad", 1, "dutir", 3), Candidate("glad", 1, "dutir", 5),
        Candidate("glad", 1, "words"), min_intensity=9,
    )  # fmt: skip
    assert [(c.source, c.intensity, c.decision) for c in choices] == [
        ("dutir+words", 5, Decision.KEPT)
    ]


def test_learned_words():
    memory = kept_words(choose(learn=9)[0], 3)
    # "!!" has no letter; "well" belongs to the neutral category; "the" and "good" are generic.
    assert memory == [[], ["glad"], ["awful", "wow"]]
    assert kept_words(choose(learn=1)[0], 3) == [[], ["glad"], ["awful"]]
    assert kept_words(choose(learn=9, min_count=60)[0], 3) == [[], ["glad"], ["awful"]]
    assert kept_words(choose(learn=9, ambiguous="all", min_log_odds=0.5)[0], 3) == [
        [],
        ["glad", "good", "wow"],
        ["awful", "wow"],
    ]
    with_neutral, _ = choose(learn=9, neutral=frozenset())
    assert kept_words(with_neutral, 3)[0] == ["well"]


def test_lexicon_category_takes_precedence_over_learning():
    choices, _ = choose(Candidate("wow", 1, "dutir", 7), learn=9)
    assert kept_words(choices, 3) == [[], ["glad", "wow"], ["awful"]]
    assert {c.word: c.source for c in choices} == {
        **{"glad": "learned", "awful": "learned"},
        "wow": "dutir",
    }


def test_order_of_candidates_does_not_matter():
    proposed = [
        Candidate(word, category, "words") for word in [*COUNTS, "b", "a"] for category in (2, 1)
    ]
    assert choose(*proposed, learn=3)[0] == choose(*reversed(proposed), learn=3)[0]


def test_neutral_categories():
    assert LexiconSettings().neutral_ids(DEFAULT) == {0}
    assert LexiconSettings(neutral=[]).neutral_ids(DEFAULT) == set()
    assert LexiconSettings(neutral=["喜欢", "5"]).neutral_ids(DEFAULT) == {1, 5}
    with pytest.raises(InputError, match="--neutral: unknown emotion 'none'"):
        LexiconSettings(neutral=["none"]).neutral_ids(DEFAULT)


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("prior", 0.0, "prior: expected a number above 0, got 0.0"),
        ("min_log_odds", float("nan"), "min_log_odds: expected a number, got nan"),
        ("min_intensity", -1.0, "min_intensity: expected a number of at least 0, got -1.0"),
        ("learn", -1, "learn: expected an integer of at least 0, got -1"),
        ("min_count", 0, "min_count: expected an integer of at least 1, got 0"),
    ],
)
def test_settings_out_of_range_are_rejected(setting, value, message):
    with pytest.raises(InputError, match=message):
        LexiconSettings(**{setting: value})
