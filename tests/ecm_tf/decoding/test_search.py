"""Candidates found and ranked."""

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
DRAWN = {"decoder": "sample", "candidates": 7, "seed": 3, "temperature": 1.5}


@pytest.fixture(scope="module")
def responder(model_dir):
    return Responder(*load_model(model_dir))


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    return str(fake_classifier.make(tmp_path_factory.mktemp("classifier")))


def found(responder, n_best, posts=POSTS, emotions=EMOTIONS, **settings):
    """Texts, log-probabilities and ids of the replies, best first, for each post."""
    search = Search(SearchConfig(**settings), n_best)
    compiled = tf.function(lambda p, e: responder.replies(p, e, search))
    replies = compiled(tf.constant(posts), tf.constant(emotions))
    texts = [[text.decode() for text in row] for row in responder.texts(replies).numpy()]
    return texts, replies.scores.numpy(), replies.ids.numpy(), replies.lengths.numpy()


@pytest.mark.parametrize("power", [0.0, 1.0])
def test_drawn_candidates_rank_by_probability_and_length(responder, power):
    _, scores, ids, lengths = found(responder, 7, **DRAWN, length_penalty=power)
    for row in range(3):
        seen, ranks = set(), []
        for place in range(7):
            words = tuple(ids[row, place])
            again = words in seen
            seen.add(words)
            ended = lengths[row, place] < ids.shape[-1]
            rank = scores[row, place] / (lengths[row, place] + 1) ** power
            ranks.append((not again, ended, rank))
        assert ranks == sorted(ranks, reverse=True)
        assert len(seen) > 1


def test_the_best_of_many_is_the_first_of_all(responder):
    texts, scores, _, _ = found(responder, 7, **DRAWN)
    best, best_scores, _, _ = found(responder, 1, **DRAWN)
    assert best == [row[:1] for row in texts]
    np.testing.assert_allclose(best_scores, scores[:, :1], rtol=1e-5)


@pytest.mark.parametrize("settings", [DRAWN, {"decoder": "beam", "beam_size": 6}])
def test_a_classifier_that_counts_much_decides(responder, classifier, settings):
    number = SearchConfig(**settings).num_candidates
    texts, scores, _, _ = found(
        responder, number, **settings, rerank=classifier, emotion_weight=100.0
    )
    plain, _, _, _ = found(responder, number, **settings)
    decided = 0
    for row, emotion in enumerate(EMOTIONS):
        assert sorted(texts[row]) == sorted(plain[row])
        different = list(dict.fromkeys(texts[row]))
        heard = [fake_classifier.probabilities(text)[emotion] for text in different]
        assert heard == sorted(heard, reverse=True)
        decided += heard[0] != heard[-1]
    assert decided, "some post has candidates in different emotions"
    assert np.isfinite(scores).all()


def test_the_rank_is_the_sum_of_its_criteria(responder, classifier):
    settings = {"length_penalty": 0.5, "mmi_weight": 0.4, "emotion_weight": 2.0}
    texts, scores, ids, lengths = found(responder, 7, **DRAWN, rerank=classifier, **settings)
    model = responder.model
    for row, emotion in enumerate(EMOTIONS):
        ranks = {}
        for text, score, words, length in zip(
            texts[row], scores[row], ids[row], lengths[row], strict=True
        ):
            reply = [*words[:length], EOS][: ids.shape[-1]]
            inputs = {
                "post": tf.zeros([1, 1], tf.int32),
                "response": tf.constant([reply]),
                "emotion": tf.constant([emotion]),
            }
            log_probs = model.teacher_forced_log_probs(inputs).numpy()[0]
            without = log_probs[np.arange(len(reply)), reply].sum()
            ended = length < ids.shape[-1]
            per_length = (score - 0.4 * without) / (length + 1) ** 0.5
            heard = np.log(fake_classifier.probabilities(text)[emotion])
            ranks.setdefault(tuple(words), (ended, per_length + 2.0 * heard))
        assert len(ranks) > 1
        ordered = list(ranks.values())
        assert ordered == sorted(ordered, reverse=True)


def test_what_did_not_end_and_what_was_found_twice_stand_behind():
    ids = [[5, 5, 5], [4, 0, 0], [4, 0, 0], [5, 4, 0], [0, 0, 0]]
    lengths = [3, 1, 1, 2, 0]
    scores = [-0.1, -3.0, -3.0, -2.0, -4.0]
    candidates = Replies(tf.constant([ids]), tf.constant([lengths]), tf.constant([scores]))
    best = Ranking(SearchConfig()).best(None, tf.constant([0]), candidates, 5)
    assert best.ids.numpy()[0].tolist() == [ids[place] for place in (3, 1, 4, 0, 2)]
    assert best.lengths.numpy()[0].tolist() == [2, 1, 0, 3, 1]


def test_no_words_are_said_twice(responder):
    settings = {"decoder": "sample", "candidates": 8, "seed": 0, "temperature": 5.0, "top_k": 6}
    repeated = {0: 0, 1: 0}
    for n in repeated:
        _, _, ids, lengths = found(responder, 8, **settings, no_repeat=n)
        for row, length in zip(ids.reshape(-1, ids.shape[-1]), lengths.ravel(), strict=True):
            repeated[n] += len(set(row[:length])) < length
    assert repeated[0] > 0
    assert repeated[1] == 0


def test_diverse_beams_give_more_different_beginnings(responder):
    def beginnings(**settings):
        _, _, ids, _ = found(responder, 6, decoder="beam", beam_size=6, **settings)
        return sum(len(set(row[:, 0])) for row in ids)

    assert beginnings(beam_groups=6, diversity=5.0) > beginnings()


def test_more_replies_than_are_found_are_refused():
    with pytest.raises(InputError, match=r"n_best: expected 1 to 1, .*\(greedy\) finds; got 2"):
        Search(SearchConfig(), 2)


def test_a_classifier_of_other_categories_is_refused(responder, tmp_path):
    other = fake_classifier.make(
        tmp_path, Emotions([Emotion("calm", "平静"), Emotion("glad", "喜")])
    )
    search = Search(SearchConfig(**DRAWN, rerank=str(other)))
    with pytest.raises(InputError, match=r"expected the model's categories, 0 other.*got 0 calm"):
        responder.replies(tf.constant(POSTS), tf.constant(EMOTIONS), search)


def test_a_classifier_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="expected a classifier directory"):
        Search(SearchConfig(**DRAWN, rerank=str(tmp_path / "nothing")))


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({}, "greedy"),
        ({"decoder": "beam", "beam_size": 8, "length_penalty": 1.0}, "beam 8, length 1"),
        (
            {"decoder": "beam", "beam_groups": 4, "diversity": 0.5, "no_repeat": 2},
            "beam 20, 4 groups at 0.5, no repeated 2-grams",
        ),
        ({"decoder": "sample", "top_k": 5, "top_p": 0.9}, "sample at 1, top-k 5, top-p 0.9"),
        (
            {**DRAWN, "rerank": "some/bilstm", "emotion_weight": 3.0, "mmi_weight": 0.25},
            "best of 7 samples at 1.5, MMI 0.25, bilstm 3",
        ),
    ],
)
def test_a_search_has_a_name(settings, name):
    assert SearchConfig(**settings).name == name
