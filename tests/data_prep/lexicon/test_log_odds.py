"""Log-odds ratios, compared with a manual computation and with the definition."""

import math

import numpy as np
import pytest

from data_prep.lexicon.log_odds import log_odds


def test_log_odds_of_two_words():
    # 10 tokens in the first category, 90 in the second; the first word is a tenth of all tokens. A
    # prior of 0.1 adds 0.1 counts to the first (1 in total) and 0.9 to the second (9 in total).
    result = log_odds(np.array([[4, 6], [6, 84]]), prior=0.1)
    ratio = math.log(4.1 / (11 - 4.1)) - math.log(6.9 / (99 - 6.9))
    error = math.sqrt(1 / 4.1 + 1 / 6.9)
    assert result.ratio[0, 0] == pytest.approx(ratio)
    assert result.error[0, 0] == pytest.approx(error)
    assert result.z[0, 0] == pytest.approx(ratio / error)
    assert result.lower[0, 0] == pytest.approx(ratio - 1.96 * error)
    assert result.upper[0, 0] == pytest.approx(ratio + 1.96 * error)
    assert result.elsewhere.tolist() == [[6, 84], [4, 6]]


def test_log_odds_match_the_definition():
    counts = np.random.default_rng(0).integers(0, 50, [4, 9])
    counts[:, 3] = [0, 7, 0, 1]
    result = log_odds(counts, prior=0.3)
    for category in range(4):
        for word in range(9):
            frequency = counts[:, word].sum() / counts.sum()
            sides = []
            for side in (counts[category], counts.sum(0) - counts[category]):
                n = side.sum()
                y, a = side[word], 0.3 * n * frequency
                sides.append((y + a, n + 0.3 * n - y - a))
            (y, rest), (y_other, rest_other) = sides
            ratio = math.log(y / rest) - math.log(y_other / rest_other)
            assert result.ratio[category, word] == pytest.approx(ratio)
            error = math.sqrt(1 / y + 1 / y_other)
            assert result.error[category, word] == pytest.approx(error)


def test_larger_corpus_has_smaller_errors():
    counts = np.array([[4, 6, 90], [6, 84, 10]])
    small, large = log_odds(counts, 0.1), log_odds(100 * counts, 0.1)
    np.testing.assert_allclose(small.ratio, large.ratio)
    np.testing.assert_allclose(small.error, 10 * large.error)


def test_undefined_ratios_have_infinite_errors():
    unused_word_and_category = log_odds(np.array([[5, 0, 2], [3, 0, 9], [0, 0, 0]]), 0.1)
    assert unused_word_and_category.error[:, 1].tolist() == [math.inf] * 3
    assert unused_word_and_category.error[2].tolist() == [math.inf] * 3
    assert unused_word_and_category.ratio[2].tolist() == [0] * 3
    assert np.isfinite(unused_word_and_category.error[:2, [0, 2]]).all()
    one_category, nothing = log_odds(np.array([[5, 1]]), 0.1), log_odds(np.zeros([2, 2], int), 0.1)
    assert np.isinf(one_category.error).all() and np.isinf(nothing.error).all()
    assert (one_category.z == 0).all() and (nothing.upper == math.inf).all()
