import math

import numpy as np
import pytest
import tensorflow as tf

from ecm_tf.model.perplexity import Perplexity


def test_token_and_sentence_perplexity():
    perplexity = Perplexity()
    perplexity.update(tf.constant([6.0, 2.0]), tf.constant([3, 1]))
    perplexity.update(tf.constant([4.0]), tf.constant([8]))
    assert perplexity.token == pytest.approx(math.exp(12 / 12))
    assert perplexity.sentence == pytest.approx(math.exp((2 + 2 + 0.5) / 3))


def test_batching_has_no_effect():
    random = np.random.default_rng(1)
    nll, tokens = random.uniform(1, 9, [12]).astype("float32"), random.integers(1, 7, [12])
    whole, parts = Perplexity(), Perplexity()
    whole.update(nll, tokens)
    for row in range(12):
        parts.update(nll[row : row + 1], tokens[row : row + 1])
    assert parts.token == pytest.approx(whole.token)
    assert parts.sentence == pytest.approx(whole.sentence)


def test_perplexity_of_a_uniform_distribution_is_the_number_of_words():
    perplexity = Perplexity()
    tokens = tf.constant([2, 5])
    perplexity.update(tf.cast(tokens, tf.float32) * math.log(40), tokens)
    assert perplexity.token == pytest.approx(40)
    assert perplexity.sentence == pytest.approx(40)


def test_nan_before_the_first_update():
    assert math.isnan(Perplexity().token)
    assert math.isnan(Perplexity().sentence)


def test_very_large_nll_gives_a_finite_perplexity():
    perplexity = Perplexity()
    perplexity.update(tf.constant([1e6]), tf.constant([1]))
    assert math.isfinite(perplexity.token)


@pytest.mark.parametrize("nll", [math.inf, math.nan])
def test_the_perplexity_of_a_diverged_model_is_not_finite(nll):
    perplexity = Perplexity()
    perplexity.update(tf.constant([2.0, nll]), tf.constant([1, 3]))
    assert not math.isfinite(perplexity.token)
    assert not math.isfinite(perplexity.sentence)


def test_small_updates_after_a_large_one_are_not_lost():
    perplexity = Perplexity()
    perplexity.update(tf.constant([1e8]), tf.constant([100_000_000]))
    for _ in range(100):
        perplexity.update(tf.constant([3.0]), tf.constant([1]))
    expected = math.exp((1e8 + 300) / (1e8 + 100))
    assert perplexity.token == pytest.approx(expected, rel=1e-9)
