"""Scores of replies, compared with values computed by hand."""

import numpy as np
import pytest

from ecm_tf.evaluation.generation import GeneratedReplies
from ecm_tf.evaluation.intervals import mean, ratio
from ecm_tf.evaluation.scores import emotion_scores, reply_scores

WORDS = ["_PAD", "_UNK", "_EOS", "_GO", "好", "坏", "我", "你"]


def replies(rows, texts=None):
    """Returns replies with the given token ids, `[post][emotion]`."""
    lengths = np.array([[len(row) for row in post] for post in rows], np.int32)
    ids = np.zeros([*lengths.shape, max(1, lengths.max())], np.int32)
    for place in np.ndindex(*lengths.shape):
        row = rows[place[0]][place[1]]
        ids[place][: len(row)] = row
    shown = [["".join(WORDS[i] for i in row) for row in post] for post in rows]
    return GeneratedReplies(texts or shown, ids, lengths, -2.0 * (lengths + 1.0), seconds=1.0)


def scored(rows, references=((0, 0, ["好"]),), memory=()):
    known = np.zeros([len(rows[0]), len(WORDS)], bool)
    for emotion, word in memory:
        known[emotion, word] = True
    return reply_scores(replies(rows), known, references, WORDS)


def test_emotion_accuracy_and_confusion_matrix():
    scores = emotion_scores(np.array([[0, 1, 2], [0, 0, 2]]))
    assert scores.accuracy.value == pytest.approx(5 / 6)
    assert scores.by_emotion == [1, 0.5, 1]
    assert scores.confusion == [[2, 0, 0], [1, 1, 0], [0, 0, 2]]


def test_replies_without_emotion_have_chance_accuracy():
    predicted = np.tile([[3], [1]], [1, 6])
    assert emotion_scores(predicted).accuracy.value == pytest.approx(1 / 6)


def test_distinct_n_is_computed_within_each_emotion():
    scores = scored([[[4, 4], [4, 5]], [[4, 4], [6, 7]]])
    assert scores.distinct_1 == pytest.approx((1 / 4 + 4 / 4) / 2)
    assert scores.distinct_2 == pytest.approx((1 / 2 + 2 / 2) / 2)


def test_entropy_of_whole_replies_within_each_emotion():
    # Emotion 0: counts 2, 1, 1, so 1.5 bits. Emotion 1: one reply, 0 bits.
    scores = scored([[[4, 5], [6]], [[4, 5], [6]], [[4], [6]], [[5, 4], [6]]])
    assert scores.entropy == pytest.approx((1.5 + 0) / 2)
    assert scores.top_10 == 1


def test_share_of_the_ten_commonest_replies():
    # Emotion 0: one reply three times and eleven others once; emotion 1: fourteen different ones.
    first = [[4]] * 3 + [[5] * n for n in range(2, 13)]
    second = [[6] * n for n in range(1, 15)]
    scores = scored([list(row) for row in zip(first, second, strict=True)])
    assert scores.top_10 == pytest.approx(((3 + 9) / 14 + 10 / 14) / 2)


def test_lengths_and_empty_replies():
    scores = scored([[[4, 5, 6], []], [[4], [5, 5]]])
    assert scores.mean_length == 1.5
    assert scores.empty == 0.25
    assert scores.mean_log_prob == -2


def test_same_counts_pairs_of_emotions():
    assert scored([[[4], [4], [4]]]).same_reply == 1
    assert scored([[[4], [4], [5]]]).same_reply == pytest.approx(1 / 3)
    assert scored([[[4], [5], [6]]]).same_reply == 0


def test_memory_averages_over_emotions_with_words():
    rows = [[[6], [4, 6], [5]], [[6], [7], [5]]]
    assert scored(rows, memory=[(1, 4), (2, 5)]).emotion_words == pytest.approx((0.5 + 1) / 2)
    assert scored(rows).emotion_words is None


def test_bleu_uses_the_reply_in_the_emotion_of_the_response():
    rows = [[[4, 5, 6, 7], [7, 7, 7, 7]]]
    assert scored(rows, [(0, 0, ["好", "坏", "我", "你"])]).bleu == pytest.approx(100)
    assert scored(rows, [(0, 1, ["好", "坏", "我", "你"])]).bleu < 50


def test_interval_contains_the_value_and_narrows_with_data():
    values = np.random.default_rng(0).normal(3, 1, 2000)
    few, many = mean(values[:50]), mean(values)
    for estimate in (few, many):
        assert estimate.low < estimate.value < estimate.high
    # The interval of the mean of n standard normal values has width 2 · 1.96 / √n.
    assert many.high - many.low == pytest.approx(3.92 / 2000**0.5, rel=0.15)
    assert few.high - few.low > 4 * (many.high - many.low)


@pytest.mark.parametrize("number", [29, 39, 100])
def test_rounding_does_not_put_the_value_of_equal_units_outside_the_interval(number):
    estimate = mean(np.full(number, 1 / 6))
    assert estimate.low <= estimate.value <= estimate.high


def test_ratio_divides_the_sums():
    estimate = ratio(np.array([1.0, 3.0]), np.array([1.0, 1.0]))
    assert (estimate.value, estimate.low, estimate.high) == (2, 1, 3)
