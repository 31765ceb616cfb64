import numpy as np
import pytest
import tensorflow as tf
import toy_search

from ecm_tf.decoding import greedy_search

EXAMPLES = list(range(12))


def test_chooses_the_most_probable_word_at_every_step():
    replies = greedy_search(toy_search.step, toy_search.start(EXAMPLES), 4)
    lengths = set()
    for example in EXAMPLES:
        score, words = toy_search.greedy_reply(example, 4)
        assert toy_search.words_of(replies, example) == words
        assert float(replies.scores[example]) == pytest.approx(score, rel=1e-4)
        lengths.add(len(words))
    assert {0, 4} < lengths  # some replies are empty, some have no end token


def test_types_and_shapes():
    replies = greedy_search(toy_search.step, toy_search.start([0, 1]), 5)
    assert [entry.dtype for entry in replies] == [tf.int32, tf.int32, tf.float32]
    assert [entry.shape for entry in replies] == [(2, 5), (2,), (2,)]


def test_rows_are_independent():
    together = greedy_search(toy_search.step, toy_search.start(EXAMPLES), 4)
    for example in EXAMPLES:
        alone = greedy_search(toy_search.step, toy_search.start([example]), 4)
        for entry, expected in zip(alone, together, strict=True):
            np.testing.assert_allclose(entry[0], expected[example], rtol=1e-5)


def _favourite(*favourites):
    """Returns a step with constant probabilities, highest for the given words in their order."""
    logits = np.full([6], -20.0, "float32")
    for rank, word in enumerate(favourites):
        logits[word] = -rank

    def step(words, state):
        return tf.tile(tf.nn.log_softmax(logits)[None], [tf.shape(words)[0], 1]), state

    return step


def test_special_tokens_are_masked():
    replies = greedy_search(_favourite(3, 1, 0, 5), [tf.zeros([2, 1])], 3)
    np.testing.assert_array_equal(replies.ids, [[5, 5, 5]] * 2)


def test_masked_ids_can_be_set():
    replies = greedy_search(_favourite(5, 4, 3), [tf.zeros([1, 1])], 2, masked_ids=(5,))
    np.testing.assert_array_equal(replies.ids, [[4, 4]])


def test_end_token_can_be_set():
    replies = greedy_search(_favourite(5, 2), [tf.zeros([1, 1])], 2, end=5)
    np.testing.assert_array_equal(replies.lengths, [0])


def _counting(last_step, steps):
    """Returns a step that counts its calls; row `i` ends after `last_step[i]` words."""

    def step(words, state):
        (t,) = state
        steps.assign_add(1)
        ends = tf.cast(t[:, 0] >= tf.constant(last_step, tf.float32), tf.float32)
        logits = tf.stack([ends * 0] * 2 + [ends * 50 - 25] + [ends * 0] * 3, 1)
        return tf.nn.log_softmax(logits), [t + 1]

    return step


@pytest.mark.parametrize("graph", [False, True], ids=["eager", "graph"])
def test_stops_when_every_row_has_ended(graph):
    steps = tf.Variable(0)
    step = _counting([0, 3, 1], steps)
    search = tf.function(greedy_search, autograph=False) if graph else greedy_search
    replies = search(step, [tf.zeros([3, 1])], 50)
    assert int(steps) == 4
    np.testing.assert_array_equal(replies.lengths, [0, 3, 1])


@pytest.mark.parametrize("graph", [False, True], ids=["eager", "graph"])
def test_stops_at_the_maximum_length(graph):
    steps = tf.Variable(0)
    search = tf.function(greedy_search, autograph=False) if graph else greedy_search
    replies = search(_counting([99, 1], steps), [tf.zeros([2, 1])], 7)
    assert int(steps) == 7
    np.testing.assert_array_equal(replies.lengths, [7, 1])


def test_any_batch_size_in_one_graph():
    @tf.function(input_signature=[tf.TensorSpec([None, 1])] * 2, autograph=False)
    def search(history, example):
        return greedy_search(toy_search.step, [history, example], 4)

    for examples in ([3], EXAMPLES, []):
        replies = search(*toy_search.start(examples))
        expected = greedy_search(toy_search.step, toy_search.start(examples), 4)
        for entry, value in zip(replies, expected, strict=True):
            np.testing.assert_allclose(entry, value, rtol=1e-5)


@pytest.mark.parametrize("min_length", [0, 1, 3])
def test_min_length_masks_the_end_token(min_length):
    step = _favourite(2, 5)
    replies = greedy_search(step, [tf.zeros([2, 1])], 4, min_length=min_length)
    np.testing.assert_array_equal(replies.lengths, [min_length] * 2)
    np.testing.assert_array_equal(replies.ids, [[5] * min_length + [0] * (4 - min_length)] * 2)
    log_probs = step(tf.constant([3]), [])[0].numpy()[0]
    score = min_length * log_probs[5] + log_probs[2]
    np.testing.assert_allclose(replies.scores, [score] * 2, rtol=1e-5)


def test_a_reply_ends_before_min_length_if_no_other_word_is_left():
    replies = greedy_search(
        _favourite(5, 4), [tf.zeros([1, 1])], 4, masked_ids=(0, 1, 3, 4, 5), min_length=2
    )
    np.testing.assert_array_equal(replies.ids, [[0] * 4])


def test_a_negative_min_length_is_refused():
    with pytest.raises(ValueError, match="`min_length` must be 0 or more"):
        greedy_search(_favourite(5), [tf.zeros([1, 1])], 2, min_length=-1)
