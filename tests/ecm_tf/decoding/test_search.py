"""Search with ranking, for a tiny trained model."""

import functools
import itertools

import fake_classifier
import numpy as np
import pytest
import tensorflow as tf

from ecm_tf.config import SearchConfig
from ecm_tf.core.errors import InputError
from ecm_tf.decoding import Replies
from ecm_tf.decoding.ranking import Ranking
from ecm_tf.decoding.search import Search
from ecm_tf.inference.responder import Responder
from ecm_tf.model.directory import load_model
from ecm_tf.text.emotions import Emotion, Emotions
from ecm_tf.text.vocabulary import EOS

POSTS = ["今天天气真好，周末去哪里玩", "我的猫会握手", ""]
EMOTIONS = [5, 1, 2]
SAMPLES = {"decoder": "sample", "candidates": 7, "seed": 3, "temperature": 1.5}


@pytest.fixture(scope="module")
def responder(model_dir):
    return Responder(*load_model(model_dir))


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    return str(fake_classifier.make(tmp_path_factory.mktemp("classifier")))


def search_replies(responder, n_best, **settings):
    """Returns texts, scores, ids and lengths of the replies to each post, best first."""
    return _search_replies(responder, n_best, SearchConfig(**settings))


@functools.cache
def _search_replies(responder, n_best, config):
    search = Search(config, n_best)
    compiled = tf.function(lambda p, e: responder.replies(p, e, search), autograph=False)
    replies = compiled(tf.constant(POSTS), tf.constant(EMOTIONS))
    texts = [[text.decode() for text in row] for row in responder.texts(replies).numpy()]
    return texts, replies.scores.numpy(), replies.ids.numpy(), replies.lengths.numpy()


@pytest.mark.parametrize("power", [0.0, 1.0])
def test_samples_rank_by_probability_and_length(responder, power):
    _, scores, ids, lengths = search_replies(responder, 7, **SAMPLES, length_penalty=power)
    for row in range(3):
        seen, ranks = set(), []
        for place in range(7):
            words = tuple(ids[row, place])
            repeated = words in seen
            seen.add(words)
            ended = lengths[row, place] < ids.shape[-1]
            rank = scores[row, place] / (lengths[row, place] + 1) ** power
            ranks.append((not repeated, ended, rank))
        assert ranks == sorted(ranks, reverse=True)
        assert len(seen) > 1


def test_one_best_is_the_first_of_n_best(responder):
    texts, scores, _, _ = search_replies(responder, 7, **SAMPLES)
    best, best_scores, _, _ = search_replies(responder, 1, **SAMPLES)
    assert best == [row[:1] for row in texts]
    np.testing.assert_allclose(best_scores, scores[:, :1], rtol=1e-5)


@pytest.mark.parametrize("settings", [SAMPLES, {"decoder": "beam", "beam_size": 6}])
def test_a_large_weight_ranks_by_the_classifier(responder, classifier, settings):
    number = SearchConfig(**settings).num_candidates
    texts, scores, _, _ = search_replies(
        responder, number, **settings, rerank=classifier, emotion_weight=100.0
    )
    plain, _, _, _ = search_replies(responder, number, **settings)
    num_posts = 0
    for row, emotion in enumerate(EMOTIONS):
        assert sorted(texts[row]) == sorted(plain[row])
        different = list(dict.fromkeys(texts[row]))
        predicted = [fake_classifier.probabilities(text)[emotion] for text in different]
        assert predicted == sorted(predicted, reverse=True)
        num_posts += predicted[0] != predicted[-1]
    assert num_posts, "expected candidates of different probabilities for some post"
    assert np.isfinite(scores).all()


def test_the_rank_is_the_sum_of_its_criteria(responder, classifier):
    settings = {"length_penalty": 0.5, "mmi_weight": 0.4, "emotion_weight": 2.0}
    texts, scores, ids, lengths = search_replies(
        responder, 7, **SAMPLES, rerank=classifier, **settings
    )
    model = responder.model
    for row, emotion in enumerate(EMOTIONS):
        ranks = {}
        responses = [
            [*words[:length], EOS][: ids.shape[-1]]
            for words, length in zip(ids[row], lengths[row], strict=True)
        ]
        inputs = {
            "post": tf.zeros([7, 1], tf.int32),
            "response": tf.ragged.constant(responses, tf.int32).to_tensor(),
            "emotion": tf.fill([7], emotion),
        }
        log_probs = model.teacher_forced_log_probs(inputs).numpy()
        for place, response in enumerate(responses):
            without = log_probs[place, np.arange(len(response)), response].sum()
            length = lengths[row, place]
            ended = length < ids.shape[-1]
            per_length = (scores[row, place] - 0.4 * without) / (length + 1) ** 0.5
            predicted = np.log(fake_classifier.probabilities(texts[row][place])[emotion])
            ranks.setdefault(tuple(ids[row, place]), (ended, per_length + 2.0 * predicted))
        assert len(ranks) > 1
        ordered = list(ranks.values())
        assert ordered == sorted(ordered, reverse=True)


def test_unfinished_and_duplicate_candidates_rank_last():
    ids = [[5, 5, 5], [4, 0, 0], [4, 0, 0], [5, 4, 0], [0, 0, 0]]
    lengths = [3, 1, 1, 2, 0]
    scores = [-0.1, -3.0, -3.0, -2.0, -4.0]
    candidates = Replies(tf.constant([ids]), tf.constant([lengths]), tf.constant([scores]))
    best = Ranking(SearchConfig()).best(None, tf.constant([0]), candidates, 5)
    assert best.ids.numpy()[0].tolist() == [ids[place] for place in (3, 1, 4, 0, 2)]
    assert best.lengths.numpy()[0].tolist() == [2, 1, 0, 3, 1]


def test_criteria_rank_unfinished_candidates_too(classifier):
    """The classifier decides among candidates that all reached the maximum length."""
    texts = ["讨厌", "我很喜欢", "难过了"]

    class Responder:
        def texts(self, replies):
            return tf.constant([texts])

    ids = tf.constant([[[4, 4], [5, 5], [6, 6]]])
    candidates = Replies(ids, tf.constant([[2, 2, 2]]), tf.constant([[-1.0, -2.0, -3.0]]))
    search = {**SAMPLES, "rerank": classifier, "emotion_weight": 100.0}
    for emotion in range(6):
        best = Ranking(SearchConfig(**search)).best(
            Responder(), tf.constant([emotion]), candidates, 3
        )
        probabilities = [fake_classifier.probabilities(text)[emotion] for text in texts]
        expected = sorted(range(3), key=lambda place: -probabilities[place])
        assert best.ids.numpy()[0, :, 0].tolist() == [4 + place for place in expected]


def test_impossible_candidates_rank_last():
    ids = tf.constant([[[7, 0], [4, 4], [4, 4], [5, 0]]])
    scores = tf.constant([[-1e30, -1.0, -1.0, -9.0]])
    candidates = Replies(ids, tf.constant([[1, 2, 2, 1]]), scores)
    best = Ranking(SearchConfig()).best(None, tf.constant([0]), candidates, 4)
    assert best.ids.numpy()[0].tolist() == [[5, 0], [4, 4], [4, 4], [7, 0]]


@pytest.mark.parametrize(
    "settings", [{}, {"decoder": "beam", "beam_size": 6, "beam_groups": 2}, SAMPLES]
)
def test_no_reply_is_empty_by_default(model_dir, settings):
    """The model prefers the end token at every step, so that its best reply is empty."""
    model, assets = load_model(model_dir)
    output = model.vocabulary_output
    bias = next(
        weight for weight in output.weights if weight.shape == (len(assets.response_words),)
    )
    bias.assign(tf.one_hot(EOS, bias.shape[0], 50.0))
    responder = Responder(model, assets)
    inputs = tf.constant(POSTS), tf.constant(EMOTIONS)
    for min_length, expected in ({}, 1), ({"min_length": 0}, 0), ({"min_length": 2}, 2):
        config = SearchConfig(**settings, **min_length)
        replies = responder.replies(*inputs, Search(config, 1))
        assert (replies.lengths.numpy() == expected).all()


def test_a_min_length_above_the_maximum_is_refused(responder):
    longest = responder.model.config.max_response_length
    search = Search(SearchConfig(min_length=longest + 1))
    with pytest.raises(InputError, match=f"min_length: expected at most {longest}, .* got"):
        responder.replies(tf.constant(POSTS), tf.constant(EMOTIONS), search)


def test_ngram_blocking(responder):
    settings = {"decoder": "sample", "candidates": 8, "seed": 0, "temperature": 5.0, "top_k": 6}
    repeated = {0: 0, 1: 0}
    for n in repeated:
        _, _, ids, lengths = search_replies(responder, 8, **settings, no_repeat=n)
        for row, length in zip(ids.reshape(-1, ids.shape[-1]), lengths.ravel(), strict=True):
            repeated[n] += len(set(row[:length])) < length
    assert repeated[0] > 0
    assert repeated[1] == 0


@pytest.mark.parametrize(
    "settings",
    [
        {"no_repeat": 2, "min_length": 3},
        {"decoder": "beam", "beam_size": 6, "beam_groups": 2, "mmi_weight": 0.3},
        {**SAMPLES, "no_repeat": 1, "length_penalty": 1.0},
    ],
)
def test_blocked_words_of_a_trained_model(responder, settings):
    """The two characters around the border of two words, in replies that are found without it."""
    n_best = SearchConfig(**settings).num_candidates
    texts, _, ids, lengths = search_replies(responder, n_best, **settings)
    words = responder.text.assets.response_words
    pairs = {
        words[first][-1] + words[second][0]
        for row, length in zip(ids.reshape(-1, ids.shape[-1]), lengths.ravel(), strict=True)
        for first, second in itertools.pairwise(row[:length])
    }
    blocked = tuple(sorted(pairs))
    assert blocked
    found, scores, _, _ = search_replies(responder, n_best, **settings, block_words=blocked)
    assert not [text for row in found for text in row for pair in blocked if pair in text]
    assert (scores[:, 0] > -1e29).all()
    assert any(found[0])
    assert np.shape(found) == np.shape(texts)


def test_diverse_beams_give_more_different_first_words(responder):
    def first_words(**settings):
        _, _, ids, _ = search_replies(responder, 6, decoder="beam", beam_size=6, **settings)
        return sum(len(set(row[:, 0])) for row in ids)

    assert first_words(beam_groups=6, diversity=5.0) > first_words()


def test_n_best_above_the_number_of_candidates_is_refused():
    with pytest.raises(InputError, match=r"n_best: expected 1 to 1, .*\(greedy\); got 2"):
        Search(SearchConfig(), 2)


def test_a_classifier_of_other_categories_is_refused(responder, tmp_path):
    other = fake_classifier.make(
        tmp_path, Emotions([Emotion("calm", "平静"), Emotion("glad", "喜")])
    )
    search = Search(SearchConfig(**SAMPLES, rerank=str(other)))
    with pytest.raises(InputError, match=r"expected the model's categories, 0 other.*got 0 calm"):
        responder.replies(tf.constant(POSTS), tf.constant(EMOTIONS), search)


def test_a_missing_classifier_is_refused(tmp_path):
    with pytest.raises(InputError, match="expected a classifier directory"):
        Search(SearchConfig(**SAMPLES, rerank=str(tmp_path / "nothing")))


def test_missing_block_words_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such file; expected blocked words"):
        Search(SearchConfig(block_words=str(tmp_path / "nothing")))


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({}, "greedy"),
        ({"min_length": 0}, "greedy, at least 0 words"),
        ({"decoder": "beam", "beam_size": 8, "length_penalty": 1.0}, "beam 8, length 1"),
        (
            {"decoder": "beam", "beam_groups": 4, "diversity": 0.5, "no_repeat": 2},
            "beam 20, 4 groups at 0.5, no repeated 2-grams",
        ),
        ({"block_words": "lists/rude.txt"}, "greedy, without the words of rude.txt"),
        ({"block_words": ["傻", "子"]}, "greedy, without 2 blocked words"),
        ({"decoder": "sample", "top_k": 5, "top_p": 0.9}, "sample at 1, top-k 5, top-p 0.9"),
        (
            {**SAMPLES, "rerank": "some/bilstm", "emotion_weight": 3.0, "mmi_weight": 0.25},
            "best of 7 samples at 1.5, MMI 0.25, bilstm 3",
        ),
    ],
)
def test_names_of_searches(settings, name):
    assert SearchConfig(**settings).name == name
