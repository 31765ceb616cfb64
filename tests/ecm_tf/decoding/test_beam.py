from itertools import product

import numpy as np
import pytest
import tensorflow as tf
import toy_search
from random_weights import randomize

from ecm_tf.config import ModelConfig
from ecm_tf.decoding import beam_search, greedy_search
from ecm_tf.model import ECM
from ecm_tf.text.vocabulary import EOS

EXAMPLES = list(range(6))
WIDE = 16
"""More beams than there are prefixes of replies with four words."""


def _search(examples=EXAMPLES, max_length=4, beams=WIDE, **settings):
    state = toy_search.start(examples, beams)
    return beam_search(toy_search.step, state, max_length, beams=beams, **settings)


def _assert_equal(replies, row, expected):
    assert [toy_search.words_of(replies, row, n) for n in range(len(expected))] == [
        words for _, words in expected
    ]
    np.testing.assert_allclose(replies.scores[row], [score for score, _ in expected], rtol=1e-4)


@pytest.mark.parametrize("replies", [1, 5])
def test_a_wide_beam_finds_all_replies(replies):
    found = _search(replies=replies)
    assert found.ids.shape == (len(EXAMPLES), replies, 4)
    for row, example in enumerate(EXAMPLES):
        _assert_equal(found, row, toy_search.Exhaustive(example, 4).finished[:replies])


def test_unfinished_hypotheses_complete_the_number_of_replies():
    """With a maximum length of 2, three replies have an end token and four do not."""
    found = _search(max_length=2, beams=8)
    for row, example in enumerate(EXAMPLES):
        every = toy_search.Exhaustive(example, 2)
        assert (len(every.finished), len(every.unfinished)) == (3, 4)
        expected = every.finished + every.unfinished
        ids = [toy_search.words_of(found, row, n) for n in range(8)]
        assert ids[:7] == [words for _, words in expected]
        np.testing.assert_allclose(
            found.scores[row, :7], [score for score, _ in expected], rtol=1e-4
        )
        assert ids[7] == ()  # there is no eighth hypothesis
        assert found.scores[row, 7] < -1e29


def _reference(example, max_length, beams, replies=None):
    """Returns the result of beam search for one example, in plain Python."""
    alive, done = [(0.0, ())], []
    for _ in range(max_length):
        candidates = sorted(
            (
                (score + float(toy_search.log_probs(example, words)[word]), words, word)
                for score, words in alive
                for word in (toy_search.END, *toy_search.ALLOWED)
            ),
            reverse=True,
        )[: 2 * beams]
        done += [(score, words) for score, words, word in candidates if word == toy_search.END]
        alive = [
            (score, (*words, word)) for score, words, word in candidates if word != toy_search.END
        ][:beams]
    return (sorted(done, reverse=True)[: replies or beams] + alive)[: replies or beams]


@pytest.mark.parametrize("beams", [1, 2, 3])
def test_a_narrow_beam_keeps_the_most_probable_prefixes(beams):
    found = _search(beams=beams, max_length=5)
    for row, example in enumerate(EXAMPLES):
        _assert_equal(found, row, _reference(example, 5, beams))


def test_one_beam_equals_greedy_search():
    """Both find a reply whose probability exceeds 0.5."""

    def sharpened(words, state):
        log_probs, state = toy_search.step(words, state)
        return tf.nn.log_softmax(20 * log_probs), state

    state = toy_search.start(range(40))
    greedy, beam = greedy_search(sharpened, state, 4), beam_search(sharpened, state, 4, beams=1)
    sure = (greedy.scores > np.log(0.5)) & (greedy.lengths < 4)
    assert np.count_nonzero(sure) > 10
    for entry, expected in zip(beam, greedy, strict=True):
        np.testing.assert_allclose(entry[:, 0][sure], expected[sure], rtol=1e-4)


def test_examples_are_independent():
    together = _search(beams=3, max_length=5, replies=2)
    for row, example in enumerate(EXAMPLES):
        alone = _search([example], beams=3, max_length=5, replies=2)
        np.testing.assert_array_equal(alone.ids[0], together.ids[row])
        np.testing.assert_allclose(alone.scores[0], together.scores[row], rtol=1e-5)


@pytest.mark.parametrize("penalty", [0.5, 1.0])
def test_length_penalty_ranks_by_score_per_word(penalty):
    found = _search(replies=6, length_penalty=penalty)
    changed = False
    for row, example in enumerate(EXAMPLES):
        finished = toy_search.Exhaustive(example, 4).finished
        ranked = sorted(finished, key=lambda r: -r[0] / (len(r[1]) + 1) ** penalty)
        _assert_equal(found, row, ranked[:6])
        changed |= ranked[0] != finished[0]
    assert changed


def test_length_penalty_continues_while_a_longer_reply_can_win():
    """The first word is less probable than the end token; later words have probability 1."""
    ends = np.log([0.6, 0.5, 1e-20, 1e-20, 1.0] + [1.0] * 5).astype("float32")
    goes_on = np.log([0.4, 0.5, 1.0, 1.0, 1e-20] + [1e-20] * 5).astype("float32")

    def step(words, state):
        (t,) = state
        now = tf.cast(t, tf.int32)
        end, word, impossible = (
            tf.gather(ends, now),
            tf.gather(goes_on, now),
            tf.fill(tf.shape(t), -80.0),
        )
        logits = tf.concat([impossible, impossible, end, impossible, word, impossible], 1)
        return tf.nn.log_softmax(logits), [t + 1]

    found = beam_search(step, [tf.zeros([2, 1])], 9, beams=2, replies=1, length_penalty=1.0)
    np.testing.assert_array_equal(found.ids[0, 0], [4] * 4 + [0] * 5)
    np.testing.assert_allclose(found.scores, [[np.log(0.2)]], rtol=1e-5)


def test_more_replies_than_beams():
    found = _search(beams=2, max_length=5, replies=4)
    assert found.ids.shape == (len(EXAMPLES), 4, 5)
    for row, example in enumerate(EXAMPLES):
        narrow = _search([example], beams=2, max_length=5)
        np.testing.assert_array_equal(found.ids[row, 0], narrow.ids[0, 0])
        _assert_equal(found, row, _reference(example, 5, 2, replies=4))


def _counting(steps, end_probability):
    logits = np.full([6], -30.0, "float32")
    logits[[2, 4, 5]] = np.log([end_probability, (1 - end_probability) * 0.6, 0.1])

    def step(words, state):
        steps.assign_add(1)
        return tf.tile(tf.nn.log_softmax(logits)[None], [tf.shape(words)[0], 1]), state

    return step


@pytest.mark.parametrize("graph", [False, True], ids=["eager", "graph"])
def test_stops_when_no_hypothesis_can_improve_the_result(graph):
    steps = tf.Variable(0)
    search = tf.function(beam_search, autograph=False) if graph else beam_search
    found = search(_counting(steps, 0.9), [tf.zeros([4, 1])], 50, beams=2, replies=1)
    assert int(steps) == 1
    np.testing.assert_array_equal(found.lengths, [[0], [0]])


def test_masked_ids_and_end_token():
    def step(words, state):
        logits = tf.constant([[9.0, 9.0, 0.0, 9.0, 1.0, 1.0]])
        return tf.tile(tf.nn.log_softmax(logits), [tf.shape(words)[0], 1]), state

    found = beam_search(step, [tf.zeros([8, 1])], 3, beams=8)
    words = found.ids[found.ids != 0]
    assert np.isin(words, [4, 5]).all()
    assert len(words)
    chosen = beam_search(step, [tf.zeros([2, 1])], 2, beams=2, masked_ids=(0, 1, 2), end=4)
    assert 3 in chosen.ids.numpy()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"beams": 0}, "must be positive. Received: beams=0"),
        ({"beams": 2, "replies": 0}, "must be positive. Received: beams=2, replies=0"),
        ({"beams": 2, "groups": 0}, r"`groups` must divide `beams` \(2\). Received: 0"),
        ({"beams": 4, "groups": 3}, r"`groups` must divide `beams` \(4\). Received: 3"),
        ({"beams": 2, "length_penalty": -0.5}, r"must be in \[0, 10\].*length_penalty=-0.5"),
        ({"beams": 2, "groups": 2, "diversity": -1.0}, r"in \[0, 1000\].*diversity=-1.0"),
    ],
)
def test_settings_out_of_range(settings, message):
    with pytest.raises(ValueError, match=message):
        beam_search(toy_search.step, toy_search.start([0]), 4, **settings)


def test_any_batch_size_in_one_graph():
    @tf.function(input_signature=[tf.TensorSpec([None, 1])] * 2, autograph=False)
    def search(history, example):
        return beam_search(toy_search.step, [history, example], 4, beams=3, length_penalty=0.5)

    for examples in ([3], EXAMPLES, []):
        found = search(*toy_search.start(examples, 3))
        expected = _search(examples, beams=3, length_penalty=0.5)
        for entry, value in zip(found, expected, strict=True):
            np.testing.assert_allclose(entry, value, rtol=1e-5)


@pytest.mark.parametrize("num_layers", [1, 2])
def test_the_whole_state_of_an_ecm_follows_its_beam(num_layers):
    """With another beam's memory, context or state, log-probabilities would differ."""
    config = ModelConfig(
        **{"post_vocabulary_size": 8, "response_vocabulary_size": 6, "categories": 2},
        **{"size": 5, "embedding_size": 4, "emotion_size": 3, "imemory_size": 4},
        **{"use_emb": True, "use_imemory": True, "use_ememory": True, "num_layers": num_layers},
    )
    model = randomize(ECM(config), scale=1.5)
    model.set_emotion_words(np.array([[0] * 6, [0, 0, 0, 0, 0, 1]]))
    posts, emotions = tf.constant([[4, 5, 6], [7, 0, 0]]), tf.constant([1, 0])
    step, state = model.prepare_decoding(model.encoder(posts), emotions, beams=WIDE)
    found = beam_search(step, state, 4, beams=WIDE)
    for row in range(2):
        every = [words for n in range(4) for words in product(toy_search.ALLOWED, repeat=n)]
        response = [[*words, EOS] + [0] * (3 - len(words)) for words in every]
        nll, _ = model.reply_nll(
            {
                "post": tf.repeat(posts[row : row + 1], len(every), axis=0),
                "response": tf.constant(response),
                "emotion": tf.repeat(emotions[row : row + 1], len(every)),
            }
        )
        ranked = sorted(zip((-nll).numpy().tolist(), every, strict=True), reverse=True)
        assert len(ranked) == 15
        _assert_equal_finished(found, row, ranked)


def _assert_equal_finished(found, row, ranked):
    scores = found.scores[row, : len(ranked)]
    np.testing.assert_allclose(scores, [score for score, _ in ranked], rtol=1e-4)
    by_words = dict(map(reversed, ranked))
    for n, score in enumerate(scores):
        assert by_words[toy_search.words_of(found, row, n)] == pytest.approx(float(score), rel=1e-4)


@pytest.mark.parametrize("min_length", [1, 2])
def test_min_length_leaves_out_shorter_replies(min_length):
    found = _search(replies=3, min_length=min_length)
    for row, example in enumerate(EXAMPLES):
        finished = toy_search.Exhaustive(example, 4).finished
        expected = [entry for entry in finished if len(entry[1]) >= min_length]
        _assert_equal(found, row, expected[:3])
