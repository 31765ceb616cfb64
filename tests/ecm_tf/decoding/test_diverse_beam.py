from collections import Counter
from functools import cache

import numpy as np
import pytest
import tensorflow as tf
import toy_search

from ecm_tf.decoding import beam_search, without_repeats
from ecm_tf.decoding.replies import IMPOSSIBLE
from ecm_tf.text.vocabulary import EOS, GO

EXAMPLES = list(range(6))
NEVER = (0,)
"""Leaves four words to say: more than any group below has beams."""
SAYABLE = (1, 3, 4, 5)

_log_probs = cache(toy_search.log_probs)


def _search(examples=EXAMPLES, max_length=4, *, beams, never=NEVER, **settings):
    state = toy_search.start(examples, beams)
    return beam_search(toy_search.step, state, max_length, beams=beams, never=never, **settings)


def _reference(
    example,
    max_length=4,
    *,
    beams,
    groups=1,
    diversity=1.0,
    replies=None,
    length_penalty=0.0,
    sayable=SAYABLE,
    no_repeat=None,
):
    """The search as it is described, one example at a time: score and words of each reply."""

    def repeats(words):
        runs = [words[t : t + no_repeat] for t in range(len(words) - no_repeat + 1)]
        return len(runs) > len(set(runs))

    replies = replies or beams
    width, share = beams // groups, int(np.ceil(replies / groups))
    alive, done = [[(0.0, ())] for _ in range(groups)], [[] for _ in range(groups)]
    for t in range(max_length):
        cost = Counter()
        for group in range(groups):
            continuations = []
            for score, words in alive[group]:
                for word in (toy_search.END, *sayable):
                    if no_repeat and word != toy_search.END and repeats((*words, word)):
                        continue
                    total = score + float(_log_probs(example, words)[word])
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
    replies = found.ids.shape[1]
    there = [toy_search.words_of(found, row, n) for n in range(replies)]
    assert there == [words for _, words in expected] + [()] * (replies - len(expected))
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
def test_is_the_search_that_is_described(settings):
    found = _search(**settings)
    changed = False
    for row, example in enumerate(EXAMPLES):
        expected = _reference(example, **settings)
        _assert_equal(found, row, expected)
        # Example by example: none waits for another.
        _assert_equal(_search([example], **settings), 0, expected)
        changed |= expected != _reference(example, **settings | {"groups": 1})
    assert changed


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("no_repeat", [1, 2, 3])
def test_what_was_said_follows_its_beam(no_repeat, groups):
    """A beam that took another's words for its own would keep from saying others."""
    settings = {"beams": 4, "groups": groups, "diversity": 1.5, "length_penalty": 1.0}
    state = toy_search.start(EXAMPLES, 4)
    step, state = without_repeats(toy_search.step, state, 6, no_repeat)
    found = beam_search(step, state, 6, never=(0, GO), **settings)
    settings["sayable"] = (1, 4, 5)
    changed = False
    for row, example in enumerate(EXAMPLES):
        expected = _reference(example, 6, no_repeat=no_repeat, **settings)
        _assert_equal(found, row, expected)
        changed |= expected != _reference(example, 6, **settings)
    assert changed


@pytest.mark.parametrize("diversity", [0.0, 7.0])
def test_one_group_is_plain_beam_search(diversity):
    found = _search(beams=3, groups=1, diversity=diversity)
    plain = _search(beams=3)
    for entry, value in zip(found, plain, strict=True):
        np.testing.assert_array_equal(entry, value)
    for row, example in enumerate(EXAMPLES):
        _assert_equal(found, row, _reference(example, beams=3, diversity=0.0))


def test_groups_without_diversity_find_the_same():
    found = _search(beams=6, groups=3, diversity=0.0)
    narrow = _search(beams=2)
    for entry, value in zip(found, narrow, strict=True):
        np.testing.assert_allclose(entry, np.repeat(value, 3, axis=1), rtol=1e-6)


def _favourites(words, state):
    """Prefers 4 to 5 to 6 to 7, by a nat each, whatever was said; hardly ever ends."""
    return tf.tile([[-99.0, -99, -60, -99, -1, -2, -3, -4]], [tf.shape(words)[0], 1]), state


@pytest.mark.parametrize(
    ("diversity", "expected"),
    [(0.0, [4, 4, 4, 4]), (0.6, [4, 4, 4, 5]), (1.5, [4, 4, 5, 6]), (9.0, [4, 5, 6, 7])],
)
def test_more_diversity_makes_more_different_first_words(diversity, expected):
    settings = {"beams": 4, "groups": 4, "diversity": diversity}
    found = beam_search(_favourites, [tf.zeros([8, 1])], 1, **settings)
    np.testing.assert_array_equal(found.ids[..., 0], [expected] * 2)
    # What the search was steered by is not in the scores.
    np.testing.assert_allclose(found.scores, 3.0 - found.ids[..., 0].numpy())


def test_what_is_missing_is_filled_up_with_the_best_beginnings_of_all_groups():
    settings = {"beams": 4, "groups": 2, "diversity": 0.8, "replies": 10}
    found = _search(max_length=2, **settings)
    beginnings = set()
    for row, example in enumerate(EXAMPLES):
        expected = _reference(example, 2, **settings)
        _assert_equal(found, row, expected)
        lengths = [len(words) for _, words in expected]
        assert lengths[-4:] == [2] * 4 > lengths[:-4]
        beginnings.add(len(lengths))
    # Some examples have fewer replies and beginnings than asked for.
    assert min(beginnings) < 10


def _scripted(tables, rows):
    """A step that says what the table of a beginning lists, and nothing else."""
    vocabulary, beginnings = 8, [None, *tables]
    log_probs = np.full([len(beginnings) + 1, vocabulary], IMPOSSIBLE, "float32")
    following = np.full([len(beginnings) + 1, vocabulary], len(beginnings), "int32")
    for number, words in enumerate(tables, 1):
        before, last = (words[:-1], words[-1]) if words else (None, GO)
        following[beginnings.index(before), last] = number
        for word, log_prob in tables[words].items():
            log_probs[number, word] = log_prob

    def step(words, state):
        place = tf.gather_nd(following, tf.stack([state[0], words], axis=1))
        return tf.gather(log_probs, place), [place]

    return step, [tf.zeros([rows], tf.int32)]


def test_waits_for_a_beam_behind_others_that_are_less_probable():
    """Of the second group's beams, (6, 4) is the better one but says what the first group says."""
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


def test_a_beam_that_cannot_go_on_makes_nothing_dearer():
    """After its reply the first group has nothing to say, not even the end."""
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
def test_stops_when_no_group_can_still_win(second, steps):
    """Both say the end at once, which costs less than anything else, or wait for it."""
    taken = tf.Variable(0)

    def step(words, state):
        taken.assign_add(1)
        (t,) = state
        end = tf.where(t == 0.0, -0.1 if second == 0.0 else second, -0.1)
        low = tf.fill(tf.shape(t), -60.0)
        speak = tf.fill(tf.shape(t), -2.5)
        return tf.concat([low, low, end, low, speak, speak - 0.1], 1), [t + 1]

    found = beam_search(step, [tf.zeros([4, 1])], 50, beams=2, groups=2, diversity=1.0)
    assert int(taken) == steps
    np.testing.assert_array_equal(found.lengths, [[steps - 1] * 2] * 2)


def test_rows_do_not_depend_on_their_neighbours():
    settings = {"beams": 6, "groups": 3, "diversity": 1.0, "replies": 3}
    together = _search(max_length=5, **settings)
    for row, example in enumerate(EXAMPLES):
        alone = _search([example], max_length=5, **settings)
        np.testing.assert_array_equal(alone.ids[0], together.ids[row])
        np.testing.assert_allclose(alone.scores[0], together.scores[row], rtol=1e-5)


def test_any_batch_size_in_one_graph():
    settings = {"beams": 4, "groups": 2, "diversity": 0.5, "replies": 3, "length_penalty": 0.5}

    @tf.function(input_signature=[tf.TensorSpec([None, 1])] * 2)
    def search(history, example):
        return beam_search(toy_search.step, [history, example], 4, never=NEVER, **settings)

    for examples in ([3], EXAMPLES, []):
        found = search(*toy_search.start(examples, 4))
        assert found.ids.shape == (len(examples), 3, 4)
        for row, example in enumerate(examples):
            _assert_equal(found, row, _reference(example, **settings))
