from functools import cache, partial

import numpy as np
import pytest
import tensorflow as tf
import toy_search

from ecm_tf.decoding import beam_search, greedy_search, sample, without_repeats

EXAMPLES = list(range(8))
END, GO = 2, 3
RELUCTANCE = -20.0

_log_probs = cache(toy_search.log_probs)


def _stubborn(words, state):
    """Prefers 4 to 5 to 6, whatever was said, and ends when there is nothing else."""
    logits = tf.constant([[-9.0, -9.0, -20.0, -9.0, 3.0, 1.0, 0.0]])
    return tf.tile(tf.nn.log_softmax(logits), [tf.shape(words)[0], 1]), state


def _talkative(words, state):
    """The toy, but it ends when there is nothing else."""
    log_probs, state = toy_search.step(words, state)
    return log_probs + tf.one_hot(END, toy_search.WORDS, on_value=RELUCTANCE), state


def _repeats(words, n):
    runs = [tuple(words[t : t + n]) for t in range(len(words) - n + 1)]
    return len(runs) > len(set(runs))


def _replies(found):
    """The words of every reply, of one hypothesis for each example or several."""
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
def test_no_reply_repeats_itself(name, n):
    beams, search = SEARCHES[name]
    state = [tf.zeros([6 * beams, 1])]
    assert any(_repeats(words, n) for words in _replies(search(_stubborn, state, 12)))
    found = search(*without_repeats(_stubborn, state, 12, n), 12)
    replies = _replies(found)
    assert not any(_repeats(words, n) for words in replies)
    # Shorter runs may come twice.
    assert n == 1 or any(_repeats(words, n - 1) for words in replies)


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (1, [4, 5, 6]),
        (2, [4, 4, 5, 4, 6, 4]),  # whatever follows 4 has followed it
        (3, [4, 4, 4, 5, 4, 4, 6, 4, 4]),
    ],
)
def test_says_the_most_probable_word_that_is_left_and_ends_when_none_is(n, expected):
    found = greedy_search(*without_repeats(_stubborn, [tf.zeros([2, 1])], 12, n), 12)
    assert _replies(found) == [tuple(expected)] * 2


def _banned(said, n):
    """Words that would say `n` words in a row again."""
    newest = said[len(said) - n + 1 :]
    return {said[t + n - 1] for t in range(len(said) - n + 1) if said[t : t + n - 1] == newest}


@pytest.mark.parametrize("n", [1, 2, 3, 8, 9])
def test_what_is_not_banned_is_untouched(n):
    """Whatever was said, special words too; of 8 words at most no 8 can come twice."""
    rng = np.random.default_rng(n)
    texts = rng.choice([1, 4, 5], size=[40, 8])
    texts[0] = 4
    plain, inner = toy_search.step, toy_search.start(range(40))
    step, state = without_repeats(plain, inner, 8, n)
    assert len(state) == 3
    times = 0
    for t in range(8):
        words = tf.constant(texts[:, t - 1] if t else [GO] * 40, tf.int32)
        expected, inner = plain(words, inner)
        log_probs, state = step(words, state)
        for entry, value in zip(state, inner, strict=False):
            np.testing.assert_array_equal(entry, value)
        banned = np.zeros(log_probs.shape, bool)
        for row, said in enumerate(texts[:, :t].tolist()):
            banned[row, list(_banned(said, n))] = t >= n
        # GO is said first of all, and never again.
        sayable = np.arange(toy_search.WORDS) != GO
        log_probs = log_probs.numpy()
        np.testing.assert_array_equal((log_probs < -1e29)[:, sayable], banned[:, sayable])
        kept = ~banned & sayable
        np.testing.assert_array_equal(log_probs[kept], expected.numpy()[kept])
        assert kept[:, END].all()
        times += banned.sum()
    assert (times > 0) == (n < 8)


def _greedy_reference(example, max_length, n):
    words, score = (), 0.0
    while len(words) < max_length:
        table = _log_probs(example, words) + np.eye(toy_search.WORDS)[END] * RELUCTANCE
        left = [
            word
            for word in (END, *toy_search.SAYABLE)
            if word == END or not _repeats((*words, word), n)
        ]
        best = max(left, key=lambda word: table[word])
        score += float(table[best])
        if best == END:
            break
        words += (best,)
    return score, words


@pytest.mark.parametrize("n", [1, 2, 3])
def test_greedy_search_says_the_best_of_what_is_left(n):
    state = toy_search.start(EXAMPLES)
    found = greedy_search(*without_repeats(_talkative, state, 7, n), 7)
    changed = 0
    for row, example in enumerate(EXAMPLES):
        score, words = _greedy_reference(example, 7, n)
        assert toy_search.words_of(found, row) == words
        assert float(found.scores[row]) == pytest.approx(score, rel=1e-4)
        changed += words != _greedy_reference(example, 7, 99)[1]
    assert changed


@pytest.mark.parametrize("n", [1, 2, 3])
def test_wide_enough_beam_search_finds_every_reply_that_does_not_repeat(n):
    """A beam that lost what it has said would miss some, or find others."""
    examples, length, beams = [0, 1, 2], 5, 32
    state = toy_search.start(examples, beams)
    step, state = without_repeats(toy_search.step, state, length, n)
    found = beam_search(step, state, length, beams=beams)
    for row, example in enumerate(examples):
        every = toy_search.Exhaustive(example, length)
        finished = [reply for reply in every.finished if not _repeats(reply[1], n)]
        unfinished = [reply for reply in every.unfinished if not _repeats(reply[1], n)]
        assert 0 < len(finished) < len(every.finished)
        expected = (finished + unfinished)[:beams]
        there = [toy_search.words_of(found, row, place) for place in range(beams)]
        assert there == [words for _, words in expected] + [()] * (beams - len(expected))
        scores = found.scores[row].numpy()
        np.testing.assert_allclose(scores[: len(expected)], [s for s, _ in expected], rtol=1e-4)
        assert (scores[len(expected) :] < -1e29).all()


@pytest.mark.parametrize("n", [6, 7, 20])
@pytest.mark.parametrize("name", ["greedy", "sample 1", "groups"])
def test_more_words_in_a_row_than_fit_twice_ban_nothing(name, n):
    beams, search = SEARCHES[name]
    state = toy_search.start(EXAMPLES, beams)
    found = search(*without_repeats(_talkative, state, 6, n), 6)
    for entry, value in zip(found, search(_talkative, state, 6), strict=True):
        np.testing.assert_array_equal(entry, value)


@pytest.mark.parametrize("n", [0, -1])
def test_fewer_than_one_word_is_refused(n):
    with pytest.raises(ValueError, match=f"`n` must be at least 1. Received: {n}"):
        without_repeats(_stubborn, [tf.zeros([2, 1])], 4, n)


@pytest.mark.parametrize("name", ["greedy", "groups"])
@pytest.mark.parametrize("n", [1, 2, 9])
def test_any_batch_size_in_one_graph(name, n):
    beams, search = SEARCHES[name]

    @tf.function(input_signature=[tf.TensorSpec([None, 1])] * 2)
    def in_graph(history, example):
        return search(*without_repeats(_talkative, [history, example], 6, n), 6)

    for examples in ([3], EXAMPLES, []):
        state = toy_search.start(examples, beams)
        found = in_graph(*state)
        assert len(found.ids) == len(examples)
        expected = search(*without_repeats(_talkative, state, 6, n), 6)
        for entry, value in zip(found, expected, strict=True):
            np.testing.assert_allclose(entry, value, rtol=1e-5)
