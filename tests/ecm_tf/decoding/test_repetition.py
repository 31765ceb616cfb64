from functools import partial

import numpy as np
import pytest
import tensorflow as tf
import toy_search

from ecm_tf.decoding import beam_search, block_repeated_ngrams, greedy_search, sample

EXAMPLES = list(range(8))
END, GO = 2, 3
RELUCTANCE = -20.0


def _constant_step(words, state):
    """A step with constant probabilities: 4, 5, 6, then the end token."""
    logits = tf.constant([[-9.0, -9.0, -20.0, -9.0, 3.0, 1.0, 0.0]])
    return tf.tile(tf.nn.log_softmax(logits), [tf.shape(words)[0], 1]), state


def _reluctant_step(words, state):
    """The toy step with a very improbable end token."""
    log_probs, state = toy_search.step(words, state)
    return log_probs + tf.one_hot(END, toy_search.WORDS, on_value=RELUCTANCE), state


def _repeats(words, n):
    """Returns whether an n-gram occurs twice."""
    ngrams = [tuple(words[t : t + n]) for t in range(len(words) - n + 1)]
    return len(ngrams) > len(set(ngrams))


def _replies(found):
    """Returns the words of every reply, for one or several hypotheses per example."""
    return [toy_search.words_of(found, *index) for index in np.ndindex(*found.lengths.shape)]


SEARCHES = {
    "greedy": (1, greedy_search),
    **{f"sample {seed}": (1, partial(sample, seed=seed)) for seed in range(4)},
    "sample of two": (1, partial(sample, seed=1, top_k=2)),
    "beam": (4, partial(beam_search, beams=4)),
    "groups": (4, partial(beam_search, beams=4, groups=2)),
}


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("name", SEARCHES)
def test_no_reply_repeats_an_ngram(name, n):
    beams, search = SEARCHES[name]
    state = [tf.zeros([6 * beams, 1])]
    assert any(_repeats(words, n) for words in _replies(search(_constant_step, state, 12)))
    found = search(*block_repeated_ngrams(_constant_step, state, 12, n), 12)
    replies = _replies(found)
    assert not any(_repeats(words, n) for words in replies)
    # Shorter n-grams may be repeated.
    assert n == 1 or any(_repeats(words, n - 1) for words in replies)


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (1, [4, 5, 6]),
        (2, [4, 4, 5, 4, 6, 4]),  # each bigram (4, x) occurs once
        (3, [4, 4, 4, 5, 4, 4, 6, 4, 4]),
    ],
)
def test_chooses_the_best_unmasked_word_and_ends_if_none_is_left(n, expected):
    found = greedy_search(*block_repeated_ngrams(_constant_step, [tf.zeros([2, 1])], 12, n), 12)
    assert _replies(found) == [tuple(expected)] * 2


def _blocked(history, n):
    """Returns the words that would repeat an n-gram."""
    latest = history[len(history) - n + 1 :]
    return {
        history[t + n - 1] for t in range(len(history) - n + 1) if history[t : t + n - 1] == latest
    }


@pytest.mark.parametrize("n", [1, 2, 3, 8, 9])
def test_other_log_probabilities_do_not_change(n):
    """For random histories, with special tokens; 8 words cannot contain an 8-gram twice."""
    rng = np.random.default_rng(n)
    texts = rng.choice([1, 4, 5], size=[40, 8])
    texts[0] = 4
    plain, inner = toy_search.step, toy_search.start(range(40))
    step, state = block_repeated_ngrams(plain, inner, 8, n)
    assert len(state) == 3
    num_blocked = 0
    for t in range(8):
        words = tf.constant(texts[:, t - 1] if t else [GO] * 40, tf.int32)
        expected, inner = plain(words, inner)
        log_probs, state = step(words, state)
        for entry, value in zip(state, inner, strict=False):
            np.testing.assert_array_equal(entry, value)
        blocked = np.zeros(log_probs.shape, bool)
        for row, history in enumerate(texts[:, :t].tolist()):
            blocked[row, list(_blocked(history, n))] = t >= n
        # GO is the first input, and masked afterwards by every search.
        allowed = np.arange(toy_search.WORDS) != GO
        log_probs = log_probs.numpy()
        np.testing.assert_array_equal((log_probs < -1e29)[:, allowed], blocked[:, allowed])
        kept = ~blocked & allowed
        np.testing.assert_array_equal(log_probs[kept], expected.numpy()[kept])
        assert kept[:, END].all()
        num_blocked += blocked.sum()
    assert (num_blocked > 0) == (n < 8)


def _greedy_reference(example, max_length, n):
    words, score = (), 0.0
    while len(words) < max_length:
        table = toy_search.log_probs(example, words) + np.eye(toy_search.WORDS)[END] * RELUCTANCE
        left = [
            word
            for word in (END, *toy_search.ALLOWED)
            if word == END or not _repeats((*words, word), n)
        ]
        best = max(left, key=lambda word: table[word])
        score += float(table[best])
        if best == END:
            break
        words += (best,)
    return score, words


@pytest.mark.parametrize("n", [1, 2, 3])
def test_greedy_search_chooses_the_best_unmasked_word(n):
    state = toy_search.start(EXAMPLES)
    found = greedy_search(*block_repeated_ngrams(_reluctant_step, state, 7, n), 7)
    changed = 0
    for row, example in enumerate(EXAMPLES):
        score, words = _greedy_reference(example, 7, n)
        assert toy_search.words_of(found, row) == words
        assert float(found.scores[row]) == pytest.approx(score, rel=1e-4)
        changed += words != _greedy_reference(example, 7, 99)[1]
    assert changed


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_wide_beam_finds_all_replies_without_repetition(n):
    """A beam with the history of another would find other replies."""
    examples, length, beams = [0, 1, 2], 5, 32
    state = toy_search.start(examples, beams)
    step, state = block_repeated_ngrams(toy_search.step, state, length, n)
    found = beam_search(step, state, length, beams=beams)
    for row, example in enumerate(examples):
        every = toy_search.Exhaustive(example, length)
        finished = [reply for reply in every.finished if not _repeats(reply[1], n)]
        unfinished = [reply for reply in every.unfinished if not _repeats(reply[1], n)]
        assert 0 < len(finished) < len(every.finished)
        expected = (finished + unfinished)[:beams]
        replies = [toy_search.words_of(found, row, place) for place in range(beams)]
        assert replies == [words for _, words in expected] + [()] * (beams - len(expected))
        scores = found.scores[row].numpy()
        np.testing.assert_allclose(scores[: len(expected)], [s for s, _ in expected], rtol=1e-4)
        assert (scores[len(expected) :] < -1e29).all()


@pytest.mark.parametrize("n", [6, 7, 20])
@pytest.mark.parametrize("name", ["greedy", "sample 1", "groups"])
def test_ngrams_too_long_to_occur_twice_mask_nothing(name, n):
    beams, search = SEARCHES[name]
    state = toy_search.start(EXAMPLES, beams)
    found = search(*block_repeated_ngrams(_reluctant_step, state, 6, n), 6)
    for entry, value in zip(found, search(_reluctant_step, state, 6), strict=True):
        np.testing.assert_array_equal(entry, value)


@pytest.mark.parametrize("n", [0, -1])
def test_n_below_1_is_refused(n):
    with pytest.raises(ValueError, match=f"`n` must be at least 1. Received: {n}"):
        block_repeated_ngrams(_constant_step, [tf.zeros([2, 1])], 4, n)


@pytest.mark.parametrize("name", ["greedy", "groups"])
@pytest.mark.parametrize("n", [1, 2, 9])
def test_any_batch_size_in_one_graph(name, n):
    beams, search = SEARCHES[name]

    @tf.function(input_signature=[tf.TensorSpec([None, 1])] * 2, autograph=False)
    def in_graph(history, example):
        return search(*block_repeated_ngrams(_reluctant_step, [history, example], 6, n), 6)

    for examples in ([3], EXAMPLES, []):
        state = toy_search.start(examples, beams)
        found = in_graph(*state)
        assert len(found.ids) == len(examples)
        expected = search(*block_repeated_ngrams(_reluctant_step, state, 6, n), 6)
        for entry, value in zip(found, expected, strict=True):
            np.testing.assert_allclose(entry, value, rtol=1e-5)
