import numpy as np
import pytest
import tensorflow as tf
import toy_search

from ecm_tf.decoding import greedy_search, sample
from ecm_tf.decoding.sampling import keep_top_p

EXAMPLES = list(range(8))
PROBS = np.array([0.1, 0.1, 0.25, 0.05, 0.3, 0.2], "float32")
"""Of PAD, UNK, EOS, GO and two words; those not masked have 0.75 in total."""


def _sample(examples=EXAMPLES, **settings):
    return sample(toy_search.step, toy_search.start(examples), 4, **settings)


def _one_word(words, state):
    return tf.tile(tf.math.log(PROBS)[None], [tf.shape(words)[0], 1]), state


def _frequencies(draws=4000, **settings):
    """Returns the relative frequency of each id as the first word."""
    replies = sample(_one_word, [tf.zeros([draws, 1])], 1, seed=1, **settings)
    first = np.where(replies.lengths.numpy() == 0, 2, replies.ids.numpy()[:, 0])
    return np.bincount(first, minlength=6) / draws


def test_a_seed_makes_samples_reproducible():
    first, second, other = _sample(seed=5), _sample(seed=5), _sample(seed=6)
    for entry, expected in zip(second, first, strict=True):
        np.testing.assert_array_equal(entry, expected)
    assert not np.array_equal(first.ids, other.ids)


@pytest.mark.parametrize("graph", [False, True], ids=["eager", "graph"])
def test_without_a_seed_every_call_differs(graph):
    draw = tf.function(_sample, autograph=False) if graph else _sample
    examples = [0] * 40
    assert not np.array_equal(draw(examples).ids, draw(examples).ids)


def test_steps_are_independent():
    replies = sample(_one_word, [tf.zeros([200, 1])], 2, seed=3, masked_ids=(0, 1, 2, 3))
    first, second = replies.ids.numpy().T
    assert 0.2 < np.mean(first == second) < 0.8


def test_samples_of_a_row_depend_on_its_key_only():
    keys = tf.constant([f"post {row}" for row in EXAMPLES])
    together = _sample(seed=1, keys=keys)
    backwards = _sample(EXAMPLES[::-1], seed=1, keys=keys[::-1])
    np.testing.assert_array_equal(together.ids, backwards.ids[::-1])
    same_key = _sample([0] * 8, seed=1, keys=tf.repeat("post", 8))
    assert len(np.unique(same_key.ids, axis=0)) == 1


@pytest.mark.parametrize("settings", [{"top_k": 1}, {"top_p": 1e-6}, {"temperature": 1e-3}])
def test_equals_greedy_search_if_one_word_is_left(settings):
    greedy = greedy_search(toy_search.step, toy_search.start(EXAMPLES), 4)
    for entry, expected in zip(_sample(seed=1, **settings), greedy, strict=True):
        np.testing.assert_allclose(entry, expected, rtol=1e-5)


def test_scores_are_log_probabilities_of_the_model():
    replies = _sample(seed=2, temperature=3.0, top_k=2)
    for row, example in enumerate(EXAMPLES):
        words = toy_search.words_of(replies, row)
        reply = words if len(words) == 4 else (*words, toy_search.END)
        score = sum(toy_search.log_probs(example, reply[:t])[word] for t, word in enumerate(reply))
        assert float(replies.scores[row]) == pytest.approx(score, rel=1e-4)


def test_frequencies_equal_the_probabilities_without_special_tokens():
    expected = np.where(np.isin(np.arange(6), [0, 1, 3]), 0, PROBS) / 0.75
    np.testing.assert_allclose(_frequencies(), expected, atol=0.04)


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_temperature(temperature):
    expected = np.where(np.isin(np.arange(6), [0, 1, 3]), 0, PROBS ** (1 / temperature))
    expected /= expected.sum()
    np.testing.assert_allclose(_frequencies(temperature=temperature), expected, atol=0.04)


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({"top_k": 2}, [2, 4]),
        ({"top_k": 99}, [2, 4, 5]),
        ({"top_p": 0.39}, [4]),  # 0.3 of 0.75 is 0.4
        ({"top_p": 0.41}, [2, 4]),
        ({"top_p": 1.0}, [2, 4, 5]),
        ({"top_k": 2, "top_p": 0.5}, [4]),  # 0.3 of the 0.55 of two words
    ],
)
def test_top_k_and_top_p_restrict_the_words(settings, kept):
    assert np.flatnonzero(_frequencies(1000, **settings)).tolist() == kept


def test_keep_top_p_keeps_the_fewest_words_that_reach_p():
    logits = tf.math.log([[0.5, 0.25, 0.15, 0.1], [0.7, 0.1, 0.1, 0.1]])
    np.testing.assert_array_equal(keep_top_p(logits, 0.6) > -1e20, [[1, 1, 0, 0], [1, 0, 0, 0]])
    np.testing.assert_array_equal(keep_top_p(logits, 1.0)[0], logits[0])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": 0.0}, r"`temperature` must be in \[0.001, 1000\]. Received: 0.0"),
        ({"temperature": 1e-39}, r"`temperature` must be in \[0.001, 1000\]. Received: 1e-39"),
        ({"top_k": 0}, "`top_k` must be at least 1. Received: 0"),
        ({"top_p": 0.0}, r"`top_p` must be in \(0, 1\]. Received: 0.0"),
        ({"top_p": 1.5}, r"`top_p` must be in \(0, 1\]. Received: 1.5"),
    ],
)
def test_settings_out_of_range(settings, message):
    with pytest.raises(ValueError, match=message):
        _sample(**settings)


def test_any_batch_size_in_one_graph():
    @tf.function(input_signature=[tf.TensorSpec([None, 1])] * 2, autograph=False)
    def search(history, example):
        return sample(toy_search.step, [history, example], 4, top_k=2, top_p=0.9, seed=1)

    for examples in ([3], EXAMPLES, []):
        replies = search(*toy_search.start(examples))
        assert replies.ids.shape == (len(examples), 4)
        assert np.isfinite(replies.scores).all()
        assert np.isin(replies.ids, [0, *toy_search.ALLOWED]).all()


@pytest.mark.parametrize("settings", [{}, {"top_k": 2}, {"top_p": 0.5}])
def test_min_length_masks_the_end_token(settings):
    assert 0 in _sample([0] * 200, seed=1).lengths.numpy()
    replies = _sample([0] * 200, seed=1, min_length=2, **settings)
    assert set(replies.lengths.numpy()) <= {2, 3, 4}
    assert (replies.scores.numpy() > -100).all()
