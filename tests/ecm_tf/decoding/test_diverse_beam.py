from collections import Counter

import numpy as np
import pytest
import tensorflow as tf
import toy_search

from ecm_tf.decoding import beam_search, block_repeated_ngrams
from ecm_tf.layers.masking import IMPOSSIBLE
from ecm_tf.text.vocabulary import EOS, GO

EXAMPLES = list(range(6))
MASKED = (0,)
"""Leaves four words, more than the beams of any group below."""
ALLOWED = (1, 3, 4, 5)


def _search(examples=EXAMPLES, max_length=4, *, beams, masked_ids=MASKED, **settings):
    state = toy_search.start(examples, beams)
    return beam_search(
        toy_search.step, state, max_length, beams=beams, masked_ids=masked_ids, **settings
    )


def _reference(
    example,
    max_length=4,
    *,
    beams,
    groups=1,
    diversity=1.0,
    replies=None,
    length_penalty=0.0,
    allowed=ALLOWED,
    no_repeat=None,
):
    """Returns score and words of each reply to one example, in plain Python."""

    def repeats(words):
        ngrams = [words[t : t + no_repeat] for t in range(len(words) - no_repeat + 1)]
        return len(ngrams) > len(set(ngrams))

    replies = replies or beams
    width, share = beams // groups, int(np.ceil(replies / groups))
    alive, done = [[(0.0, ())] for _ in range(groups)], [[] for _ in range(groups)]
    for t in range(max_length):
        cost = Counter()
        for group in range(groups):
            continuations = []
            for score, words in alive[group]:
                for word in (toy_search.END, *allowed):
                    if no_repeat and word != toy_search.END and repeats((*words, word)):
                        continue
                    total = score + float(toy_search.log_probs(example, words)[word])
                    continuations.append((total - cost[word], total, words, word))
            best = sorted(continuations, reverse=True)[: 2 * width]
            done[group] += [
                (score / (t + 1) ** length_penalty, score, words)
                for _, score, words, word in best
                if word == toy_search.END
            ]
            alive[group] = [
                (score, (*words, word)) for _, score, words, word in best if word != toy_search.END
            ][:width]
            ends = [word for *_, word in best if word == toy_search.END]
            for word in [words[-1] for _, words in alive[group]] + ends:
                cost[word] += diversity
    finished = [reply for entries in done for reply in sorted(entries, reverse=True)[:share]]
    unfinished = [beam for entries in alive for beam in entries]
    ranked = [reply[1:] for reply in sorted(finished, reverse=True)]
    return (ranked + sorted(unfinished, reverse=True))[:replies]


def _assert_equal(found, row, expected):
    count = found.ids.shape[1]
    replies = [toy_search.words_of(found, row, n) for n in range(count)]
    assert replies == [words for _, words in expected] + [()] * (count - len(expected))
    scores = found.scores[row].numpy()
    np.testing.assert_allclose(scores[: len(expected)], [s for s, _ in expected], rtol=1e-4)
    assert (scores[len(expected) :] < -1e29).all()


SETTINGS = [
    {"beams": 4, "groups": 2, "diversity": 0.5},
    {"beams": 4, "groups": 4, "diversity": 1.0},
    {"beams": 2, "groups": 2, "diversity": 100.0},
    {"beams": 6, "groups": 2, "diversity": 0.7, "replies": 3},
    {"beams": 6, "groups": 3, "diversity": 2.0, "replies": 4, "length_penalty": 0.5},
    {"beams": 8, "groups": 2, "diversity": 0.3, "replies": 11, "length_penalty": 1.0},
    {"beams": 9, "groups": 3, "diversity": 4.0, "replies": 5},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_equals_the_plain_python_search(settings):
    found = _search(**settings)
    changed = False
    for row, example in enumerate(EXAMPLES):
        expected = _reference(example, **settings)
        _assert_equal(found, row, expected)
        # Examples are independent.
        _assert_equal(_search([example], **settings), 0, expected)
        changed |= expected != _reference(example, **settings | {"groups": 1})
    assert changed


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("no_repeat", [1, 2, 3])
def test_the_history_of_ngram_blocking_follows_its_beam(no_repeat, groups):
    """A beam with the history of another would have other words masked."""
    settings = {"beams": 4, "groups": groups, "diversity": 1.5, "length_penalty": 1.0}
    state = toy_search.start(EXAMPLES, 4)
    step, state = block_repeated_ngrams(toy_search.step, state, 6, no_repeat)
    found = beam_search(step, state, 6, masked_ids=(0, GO), **settings)
    settings["allowed"] = (1, 4, 5)
    changed = False
    for row, example in enumerate(EXAMPLES):
        expected = _reference(example, 6, no_repeat=no_repeat, **settings)
        _assert_equal(found, row, expected)
        changed |= expected != _reference(example, 6, **settings)
    assert changed


@pytest.mark.parametrize("diversity", [0.0, 7.0])
def test_one_group_equals_beam_search(diversity):
    found = _search(beams=3, groups=1, diversity=diversity)
    plain = _search(beams=3)
    for entry, value in zip(found, plain, strict=True):
        np.testing.assert_array_equal(entry, value)
    for row, example in enumerate(EXAMPLES):
        _assert_equal(found, row, _reference(example, beams=3, diversity=0.0))


def test_groups_without_diversity_find_the_same_replies():
    found = _search(beams=6, groups=3, diversity=0.0)
    narrow = _search(beams=2)
    for entry, value in zip(found, narrow, strict=True):
        np.testing.assert_allclose(entry, np.repeat(value, 3, axis=1), rtol=1e-6)


def _favourites(words, state):
    """A step with constant log-probabilities -1 to -4 for the words 4 to 7."""
    return tf.tile([[-99.0, -99, -60, -99, -1, -2, -3, -4]], [tf.shape(words)[0], 1]), state


@pytest.mark.parametrize(
    ("diversity", "expected"),
    [(0.0, [4, 4, 4, 4]), (0.6, [4, 4, 4, 5]), (1.5, [4, 4, 5, 6]), (9.0, [4, 5, 6, 7])],
)
def test_diversity_increases_the_number_of_different_first_words(diversity, expected):
    settings = {"beams": 4, "groups": 4, "diversity": diversity}
    found = beam_search(_favourites, [tf.zeros([8, 1])], 1, **settings)
    np.testing.assert_array_equal(found.ids[..., 0], [expected] * 2)
    # Scores do not contain the penalty.
    np.testing.assert_allclose(found.scores, 3.0 - found.ids[..., 0].numpy())


def test_unfinished_hypotheses_of_all_groups_complete_the_number_of_replies():
    settings = {"beams": 4, "groups": 2, "diversity": 0.8, "replies": 10}
    found = _search(max_length=2, **settings)
    counts = set()
    for row, example in enumerate(EXAMPLES):
        expected = _reference(example, 2, **settings)
        _assert_equal(found, row, expected)
        lengths = [len(words) for _, words in expected]
        assert lengths[-4:] == [2] * 4 > lengths[:-4]
        counts.add(len(lengths))
    # Some examples have fewer hypotheses than requested.
    assert min(counts) < 10


def _scripted(tables, rows):
    """Returns a step with the log-probabilities that `tables` lists for each prefix."""
    vocabulary, prefixes = 8, [None, *tables]
    log_probs = np.full([len(prefixes) + 1, vocabulary], IMPOSSIBLE, "float32")
    following = np.full([len(prefixes) + 1, vocabulary], len(prefixes), "int32")
    for number, words in enumerate(tables, 1):
        before, last = (words[:-1], words[-1]) if words else (None, GO)
        following[prefixes.index(before), last] = number
        for word, log_prob in tables[words].items():
            log_probs[number, word] = log_prob

    def step(words, state):
        place = tf.gather_nd(following, tf.stack([state[0], words], axis=1))
        return tf.gather(log_probs, place), [place]

    return step, [tf.zeros([rows], tf.int32)]


def test_stopping_considers_scores_without_the_penalty():
    """In the second group, (6, 4) has the best score but the lowest rank: it repeats a word."""
    step, state = _scripted(
        {
            (): {4: -1.0, 5: -1.2, 6: -1.5, 7: -1.6},
            (4,): {EOS: -0.1, 4: -3.0},
            (5,): {4: -3.0},
            (4, 4): {EOS: -9.0},
            (5, 4): {EOS: -9.0},
            (6,): {EOS: -2.0, 4: -0.1, 5: -3.0},
            (6, 4): {EOS: 0.0},
        },
        rows=4,
    )
    found = beam_search(step, state, 4, beams=4, groups=2, diversity=3.0, replies=2)
    assert [toy_search.words_of(found, 0, n) for n in range(2)] == [(4,), (6, 4)]
    np.testing.assert_allclose(found.scores, [[-1.1, -1.6]], rtol=1e-6)


def test_an_impossible_continuation_adds_no_penalty():
    """After its reply the first group has no possible continuation, not even the end token."""
    step, state = _scripted(
        {
            (): {4: -1.0, 5: -1.2},
            (4,): {EOS: -0.1},
            (5,): {6: -0.1},
            (5, 6): {EOS: -1.0, 4: -1.1, 5: -1.2},
            (5, 6, 4): {EOS: -5.0},
        },
        rows=2,
    )
    found = beam_search(step, state, 5, beams=2, groups=2, diversity=3.0)
    assert [toy_search.words_of(found, 0, n) for n in range(2)] == [(4,), (5, 6)]
    np.testing.assert_allclose(found.scores, [[-1.1, -2.3]], rtol=1e-6)


@pytest.mark.parametrize(("second", "steps"), [(0.0, 1), (-3.0, 2)])
def test_stops_when_no_group_can_improve_the_result(second, steps):
    """Both groups end at the first step if the end token is the most probable, else later."""
    taken = tf.Variable(0)

    def step(words, state):
        taken.assign_add(1)
        (t,) = state
        end = tf.where(t == 0.0, -0.1 if second == 0.0 else second, -0.1)
        low = tf.fill(tf.shape(t), -60.0)
        word = tf.fill(tf.shape(t), -2.5)
        return tf.concat([low, low, end, low, word, word - 0.1], 1), [t + 1]

    found = beam_search(step, [tf.zeros([4, 1])], 50, beams=2, groups=2, diversity=1.0)
    assert int(taken) == steps
    np.testing.assert_array_equal(found.lengths, [[steps - 1] * 2] * 2)


def test_examples_are_independent():
    settings = {"beams": 6, "groups": 3, "diversity": 1.0, "replies": 3}
    together = _search(max_length=5, **settings)
    for row, example in enumerate(EXAMPLES):
        alone = _search([example], max_length=5, **settings)
        np.testing.assert_array_equal(alone.ids[0], together.ids[row])
        np.testing.assert_allclose(alone.scores[0], together.scores[row], rtol=1e-5)


def test_any_batch_size_in_one_graph():
    settings = {"beams": 4, "groups": 2, "diversity": 0.5, "replies": 3, "length_penalty": 0.5}

    @tf.function(input_signature=[tf.TensorSpec([None, 1])] * 2, autograph=False)
    def search(history, example):
        return beam_search(toy_search.step, [history, example], 4, masked_ids=MASKED, **settings)

    for examples in ([3], EXAMPLES, []):
        found = search(*toy_search.start(examples, 4))
        assert found.ids.shape == (len(examples), 3, 4)
        for row, example in enumerate(examples):
            _assert_equal(found, row, _reference(example, **settings))
