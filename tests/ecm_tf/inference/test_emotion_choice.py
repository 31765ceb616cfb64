"""The emotion auto: the model chooses the emotion of its reply."""

import io
import sys

import numpy as np
import pytest
import tensorflow as tf

import ecm_tf
from ecm_tf import InputError, SearchConfig, chat
from ecm_tf.decoding import Replies
from ecm_tf.decoding.search import Search
from ecm_tf.inference import batch_responder
from ecm_tf.inference.emotion_choice import choose_candidates, emotion_candidates
from ecm_tf.inference.responder import Responder
from ecm_tf.model.directory import load_model
from ecm_tf.text.emotions import AUTO, AUTO_ID

POSTS = ["我的猫会握手", "", "今天天气真好，周末去哪里玩", "囧", "他 又 迟到 了"]
SEARCHES = {
    "greedy": SearchConfig(),
    "beam": SearchConfig(decoder="beam", beam_size=3),
    "sampling": SearchConfig(decoder="sample", candidates=3, seed=1, top_k=5),
}


@pytest.fixture(scope="module")
def bot(auto_model_dir):
    return ecm_tf.load(auto_model_dir)


@pytest.fixture(scope="module")
def responder(auto_model_dir):
    return Responder(*load_model(auto_model_dir))


def candidate_lists(emotion, categories=3):
    return [
        entry.numpy().tolist()
        for entry in emotion_candidates(tf.constant(emotion, tf.int32), categories)
    ]


def test_only_rows_with_auto_have_several_candidates():
    rows, emotion, first, auto_rows = candidate_lists([2, AUTO_ID, 0, AUTO_ID])
    assert rows == [0, 1, 1, 1, 2, 3, 3, 3]
    assert emotion == [2, 0, 1, 2, 0, 0, 1, 2]
    assert first == [0, 1, 4, 5]
    assert auto_rows == [1, 3]
    assert candidate_lists([1, 0, 1]) == [[0, 1, 2], [1, 0, 1], [0, 1, 2], []]
    assert candidate_lists([]) == [[], [], [], []]


@pytest.mark.parametrize(("weight", "chosen"), [(0.0, 1), (0.5, 3), (10.0, 2)])
def test_choice_of_a_hand_made_case(weight, chosen):
    """Row 0 asks for auto, and row 1 for an emotion.

    | candidate | log P(e, post) | score | words, with the end token | weight 0.5 | weight 10 |
    |---|---|---|---|---|---|
    | 0 | -1.0 | -6 | 2 | -2.5 | -31 |
    | 1 | -0.5 | -8 | 2 | -2.5 | -40.5 |
    | 2 | -3.0 | -4 | 4 | -3.5 | -13 |
    | 3 | -1.1 | -4 | 2 | -2.1 | -21.1 |
    """
    candidates = emotion_candidates(tf.constant([AUTO_ID, 2]), 4)
    replies = Replies(
        ids=tf.zeros([5, 2, 9], tf.int32),
        lengths=tf.constant([[1, 0], [1, 0], [3, 0], [1, 0], [1, 0]]),
        # The second-best replies do not count.
        scores=tf.constant([[-6.0, -6.0], [-8.0, -8.0], [-4.0, -9.0], [-4.0, -9.0], [0.0, -1.0]]),
    )
    log_probs = tf.constant([[-1.0, -0.5, -3.0, -1.1]])
    result = choose_candidates(candidates, log_probs, replies, weight)
    assert result.numpy().tolist() == [chosen, 4]


@pytest.mark.parametrize("name", SEARCHES)
def test_the_chosen_emotion_has_the_highest_sum(bot, responder, name):
    """Against replies in every emotion; the posts have different best emotions."""
    config = SEARCHES[name]
    settings = config.to_dict()
    log_probs = responder.emotion_log_probs(tf.constant(POSTS)).numpy()
    chosen = bot.reply(POSTS, AUTO, **settings)
    for post, reply, log_prob in zip(POSTS, chosen, log_probs, strict=True):
        replies = bot.replies(post, **settings)
        ranks = [
            p + 0.5 * r.score / (len(r.words) + 1) for p, r in zip(log_prob, replies, strict=True)
        ]
        expected = replies[int(np.argmax(ranks))]
        assert (reply.emotion, reply.text) == (expected.emotion, expected.text)
        assert reply.score == pytest.approx(expected.score, rel=1e-4)
    assert len({reply.emotion for reply in chosen}) > 1


@pytest.mark.parametrize("name", SEARCHES)
def test_a_mixed_batch_gives_the_replies_of_single_posts(responder, name):
    search = Search(SEARCHES[name], 2 if name == "beam" else 1)
    emotion = [AUTO_ID, 4, AUTO_ID, AUTO_ID, 1]
    answer = tf.function(
        lambda posts, emotion: responder.answer(posts, emotion, search),
        input_signature=[tf.TensorSpec([None], tf.string), tf.TensorSpec([None], tf.int32)],
        autograph=False,
    )
    together = answer(tf.constant(POSTS), tf.constant(emotion))
    assert together.emotion.numpy()[[1, 4]].tolist() == [4, 1]
    for row in range(len(POSTS)):
        alone = answer(tf.constant(POSTS[row : row + 1]), tf.constant(emotion[row : row + 1]))
        assert alone.emotion[0] == together.emotion[row]
        assert alone.texts[0].numpy().tolist() == together.texts[row].numpy().tolist()
        np.testing.assert_allclose(alone.scores[0], together.scores[row], rtol=1e-4)
    empty = answer(tf.constant([], tf.string), tf.constant([], tf.int32))
    assert empty.texts.shape == [0, search.n_best]


def test_finite_for_hard_posts(bot):
    hard = ["", " \t\n", "\x00\x07", "囧😀", "猫" * 10_000, "_EOS _GO _PAD"]
    replies = bot.reply(hard)
    assert np.isfinite([reply.score for reply in replies]).all()
    explanation = bot.explain("", AUTO)
    assert np.isfinite(explanation.emotion_probabilities).all()
    assert explanation.emotion_probabilities.sum() == pytest.approx(1, rel=1e-5)


def test_auto_is_the_default(bot):
    assert bot.reply(POSTS[0]) == bot.reply(POSTS[0], " Auto ") == bot.reply(POSTS)[0]
    named = bot.reply(POSTS[0], "angry")
    mixed = bot.reply(POSTS[:2], ["auto", "angry"])
    assert mixed[0] == bot.reply(POSTS[0])
    assert bot.reply([POSTS[0]] * 2, ["angry", AUTO])[0] == named


def test_n_best_replies_have_the_chosen_emotion(bot):
    settings = SEARCHES["beam"].to_dict()
    replies = bot.reply(POSTS[0], n_best=3, **settings)
    assert replies[0] == bot.reply(POSTS[0], **settings)
    assert replies == bot.reply(POSTS[0], replies[0].emotion, n_best=3, **settings)


def test_the_weight_of_the_reply_counts(bot, responder):
    predicted = np.argmax(responder.emotion_log_probs(tf.constant(POSTS)), axis=1)
    by_prediction = [reply.emotion for reply in bot.reply(POSTS, auto_weight=0)]
    assert by_prediction == [bot.emotions[id_].name for id_ in predicted]
    by_reply = [reply.emotion for reply in bot.reply(POSTS, auto_weight=1000)]
    for post, emotion in zip(POSTS, by_reply, strict=True):
        means = {r.emotion: r.score / (len(r.words) + 1) for r in bot.replies(post)}
        assert emotion == max(means, key=means.__getitem__)
    assert by_reply != by_prediction


def test_batches_count_auto_as_every_emotion(bot, monkeypatch):
    expected = bot.reply(POSTS, ["auto", 1, "auto", 2, 3])
    monkeypatch.setattr(batch_responder, "MAX_HYPOTHESES", 7)
    batches = list(bot._batches._batches(POSTS, [AUTO_ID, 1, AUTO_ID, 2, 3], 1))
    assert sorted(map(sorted, batches)) == [[0], [1, 3, 4], [2]]
    assert bot.reply(POSTS, ["auto", 1, "auto", 2, 3]) == expected


def test_explanation_of_a_chosen_emotion(bot):
    reply = bot.reply(POSTS[0])
    explanation = bot.explain(POSTS[0], AUTO)
    assert tuple(word for word in explanation.words if word != "_EOS") == reply.words
    given = bot.explain(POSTS[0], AUTO, replies=reply)
    np.testing.assert_array_equal(given.memory, bot.explain(POSTS[0], replies=reply).memory)
    assert explanation.to_dict()["emotion_probabilities"] == pytest.approx(
        given.emotion_probabilities
    )


def test_a_model_without_predictor_says_so_in_one_sentence(model_dir):
    bot = ecm_tf.load(model_dir)
    for call in (
        lambda: bot.reply("猫"),
        lambda: bot.reply(["猫", "狗"], [1, "AUTO"]),
        lambda: bot.explain("猫", "auto"),
    ):
        with pytest.raises(InputError) as caught:
            call()
        assert str(caught.value).startswith(
            "emotions: this model cannot choose an emotion (auto), because it was trained without "
            "--predict_emotion; expected one of: 0 other"
        )
    assert bot.explain("猫", "sad").emotion_probabilities is None


def test_chat(bot, auto_model_dir, model_dir, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(POSTS[0].encode())))
    chat.main(["--train_dir", str(auto_model_dir), "--emotion", "auto", "--emotion", "sad"])
    reply, sad = bot.reply([POSTS[0]] * 2, ["auto", "sad"])
    expected = f"{reply.emotion}: {reply.text}\nsad: {sad.text}\n\n"
    assert capsys.readouterr().out == expected
    with pytest.raises(InputError, match="this model cannot choose an emotion"):
        chat.main(["--train_dir", str(model_dir), "--emotion", "auto"])
