"""Means, Fleiss' kappa, tests and preferences, compared with values computed by hand."""

import numpy as np
import pytest

from ecm_tf.evaluation.human.agreement import analyse, fleiss_kappa, paired_p
from ecm_tf.evaluation.human.key import Key, Row
from ecm_tf.evaluation.human.sheet import Scores
from ecm_tf.evaluation.human.tables import tables

FLEISS = [
    *([0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1]),
    *([7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]),
]
"""The example of Wikipedia's article on Fleiss' kappa: 14 annotators, 10 rows, 5 categories."""


def test_kappa_of_the_textbook_example():
    scores = np.array([np.repeat(np.arange(5), counts) for counts in FLEISS]).T
    assert fleiss_kappa(scores, 5) == pytest.approx(0.210, abs=5e-4)


def test_kappa_by_hand():
    # P = (1 + 0 + 1) / 3; shares 1/2 and 1/2, so P_e = 1/2.
    assert fleiss_kappa(np.array([[0, 0, 1], [0, 1, 1]]), 2) == pytest.approx((2 / 3 - 1 / 2) * 2)
    assert fleiss_kappa(np.array([[0, 1], [0, 1], [0, 1]]), 3) == 1
    assert fleiss_kappa(np.array([[0, 1], [1, 0]]), 2) == -1


def test_kappa_without_a_choice_is_not_defined():
    assert fleiss_kappa(np.array([[1, 1], [1, 1]]), 2) is None
    assert fleiss_kappa(np.array([[0, 1]]), 2) is None


def test_p_values_of_exact_permutations():
    # Of the 2³ signs of (1, 1, 1), one gives a mean as large, and one as small: p = 2/8.
    assert paired_p(np.array([1.0, 2.0, 1.0]), np.array([0.0, 1.0, 0.0])) == pytest.approx(2 / 8)
    assert paired_p(np.array([0.5, 1.0]), np.array([0.5, 1.0])) == 1
    assert paired_p(np.array([1.0]), np.array([0.0])) is None


def test_random_permutations_are_seeded_and_find_differences():
    random = np.random.default_rng(0)
    values = random.normal(0, 1, 200)
    noise = random.normal(0, 1, 200)
    assert paired_p(values + 0.5, values + noise) == paired_p(values + 0.5, values + noise) < 0.001
    assert paired_p(values, values + noise - noise.mean()) > 0.9


KEY = Key(
    ["a", "b"],
    ["post 0", "post 1"],
    ["like", "sad"],
    [
        Row(0, 0, "both", [0, 1]),
        Row(1, 0, "of b", [1]),
        Row(0, 1, "of a", [0]),
        Row(1, 0, "of a", [0]),
        Row(0, 1, "of b", [1]),
        Row(1, 1, "both", [0, 1]),
    ],
)
SHEETS = [
    [Scores(*pair) for pair in pairs]
    for pairs in (
        [(2, 1), (0, 0), (1, 1), (2, 1), (1, 0), (0, 1)],
        [(1, 1), (0, 0), (1, 0), (2, 1), (1, 1), (0, 1)],
    )
]


def test_means_by_system_and_emotion():
    a, b = analyse(KEY, SHEETS).systems
    # a: post 0 like (2, 1), sad (1, 1); post 1 like (2, 2), sad (0, 0).
    assert (a.system, a.content.value) == ("a", (3 + 2 + 4 + 0) / 8)
    assert a.emotion.value == (2 + 1 + 2 + 2) / 8
    assert a.content_by_emotion == [(3 + 4) / 4, (2 + 0) / 4]
    assert a.emotion_by_emotion == [(2 + 2) / 4, (1 + 2) / 4]
    assert (b.content.value, b.emotion.value) == ((3 + 2 + 0 + 0) / 8, (2 + 1 + 0 + 2) / 8)
    assert b.content_by_emotion == [(3 + 0) / 4, (2 + 0) / 4]


def test_combinations_are_shares_of_all_judgements():
    a, b = analyse(KEY, SHEETS).systems
    # 2-1, 1-1, 0-1, 2-0, 1-0, 0-0
    assert a.combinations == [3 / 8, 2 / 8, 2 / 8, 0, 1 / 8, 0]
    assert b.combinations == [1 / 8, 2 / 8, 2 / 8, 0, 1 / 8, 2 / 8]


def test_comparison_of_two_systems():
    (comparison,) = analyse(KEY, SHEETS).comparisons
    assert (comparison.first, comparison.second) == ("a", "b")
    assert comparison.content == pytest.approx((9 - 5) / 8)
    assert comparison.emotion == pytest.approx((7 - 5) / 8)
    # Sums: post 0 like 5 and 5, sad 3 and 3; post 1 like 6 and 0, sad 2 and 2.
    assert (comparison.win, comparison.tie, comparison.loss) == (1 / 4, 3 / 4, 0)
    # By post, the content differs by (0, 1): the signs of 1 give means of 1/2 and -1/2.
    assert comparison.content_p == 1


def test_kappa_is_computed_over_rows():
    result = analyse(KEY, SHEETS)
    # Content: five of six rows agree; of 12 scores, 0 four times, 1 five times, 2 three times.
    by_chance = (4 / 12) ** 2 + (5 / 12) ** 2 + (3 / 12) ** 2
    assert result.content_kappa == pytest.approx((5 / 6 - by_chance) / (1 - by_chance))
    # Emotion: four of six rows agree; 0 four times, 1 eight times.
    by_chance = (4 / 12) ** 2 + (8 / 12) ** 2
    assert result.emotion_kappa == pytest.approx((4 / 6 - by_chance) / (1 - by_chance))
    assert (result.annotators, result.rows) == (2, 6)


def test_one_system_and_one_annotator():
    key = Key(["a"], ["post"], ["like"], [Row(0, 0, "reply", [0])])
    result = analyse(key, [[Scores(2, 1)]])
    assert (result.content_kappa, result.comparisons) == (None, [])
    text = tables(result)
    assert "content not defined" in text and "2.000 (2.000–2.000)" in text


def test_tables_show_the_figures():
    text = tables(analyse(KEY, SHEETS))
    assert "1.125 (" in text and "37.50 %" in text
    assert "| a – b" in text and "+0.500" in text and "75.00 %" in text
