"""The inference graph gives the same replies for every batch, and readable ones for any input."""

import numpy as np
import pytest
import tensorflow as tf

from ecm_tf.config import SearchConfig
from ecm_tf.decoding.search import Search
from ecm_tf.inference.responder import Responder
from ecm_tf.model.directory import load_model

POSTS = ["我的猫会握手", "", "今天天气真好，周末去哪里玩", "囧", "他 又 迟到 了"]
HARD = [
    "",
    " \t\n",
    "\x00\x07",
    b"\xff\xfe\xfd",
    "囧😀",
    "猫" * 100_000,
    "a" * 100_000,
    "，" * 100_000,
    "_EOS _GO _PAD",
]
SEARCHES = {
    "greedy": Search(),
    "beam": Search(SearchConfig(decoder="beam", beam_size=3), 2),
    "sampling": Search(SearchConfig(decoder="sample", candidates=3, seed=1, top_k=5)),
}


@pytest.fixture(scope="module")
def responder(model_dir):
    return Responder(*load_model(model_dir))


@pytest.fixture(scope="module")
def answer(responder):
    """`answer(posts, emotions, search)`, compiled once for each search."""
    compiled = {
        name: tf.function(
            lambda posts, emotions, search=search: responder.answer(posts, emotions, search),
            input_signature=[tf.TensorSpec([None], tf.string), tf.TensorSpec([None], tf.int32)],
            autograph=False,
        )
        for name, search in SEARCHES.items()
    }
    return lambda posts, emotions, name: compiled[name](
        tf.constant(posts, tf.string), tf.constant(emotions, tf.int32)
    )


def assert_readable(answers):
    assert np.isfinite(answers.scores.numpy()).all()
    for text in answers.texts.numpy().ravel():
        assert not {"_PAD", "_UNK", "_GO", "_EOS"} & set(text.decode("utf-8", "strict").split())


@pytest.mark.parametrize("search", SEARCHES)
def test_batch_gives_the_replies_of_single_posts(answer, search):
    emotions = [1, 5, 0, 2, 1]
    together = answer(POSTS, emotions, search)
    assert together.texts.shape[:1] == together.scores.shape[:1] == [5]
    for row, (post, emotion) in enumerate(zip(POSTS, emotions, strict=True)):
        alone = answer([post], [emotion], search)
        assert np.array_equal(alone.texts[0], together.texts[row])
        np.testing.assert_allclose(alone.scores[0], together.scores[row], rtol=1e-4)


@pytest.mark.parametrize("search", SEARCHES)
def test_any_post_gets_a_readable_reply(answer, search):
    answers = answer(HARD, [row % 6 for row in range(len(HARD))], search)
    assert_readable(answers)
    assert (answers.scores.numpy() <= 0).all()


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("batch", [1, 2])
def test_graph_with_a_fixed_batch_size(responder, answer, search, batch):
    compiled = tf.function(lambda p, e: responder.answer(p, e, SEARCHES[search]), autograph=False)
    answers = compiled(tf.constant(POSTS[:batch]), tf.constant([1, 5][:batch]))
    expected = answer(POSTS[:batch], [1, 5][:batch], search)
    assert np.array_equal(answers.texts, expected.texts)


@pytest.mark.parametrize("search", SEARCHES)
def test_empty_batch(answer, search):
    answers = answer([], [], search)
    assert answers.texts.shape[0] == answers.scores.shape[0] == 0


def test_shapes_and_order_of_beam_search(answer):
    answers = answer(POSTS, [1] * 5, "beam")
    assert answers.texts.shape == answers.scores.shape == [5, 2]
    scores = answers.scores.numpy()
    assert (scores[:, 0] >= scores[:, 1]).all()
    for first, second in answers.texts.numpy():
        assert first != second


def test_raw_and_presplit_chinese_get_the_same_reply(answer):
    raw, split = "我的猫会握手", "我 的 猫 会 握手"
    answers = answer([raw, split, "他又迟到了"], [0] * 3, "greedy")
    assert answers.texts[0, 0] == answers.texts[1, 0]
    scores = answers.scores.numpy()[:, 0]
    assert scores[0] == pytest.approx(scores[1])
    assert scores[0] != pytest.approx(scores[2]), "the post matters"


def test_long_posts_are_cut_to_the_longest_bucket(answer):
    answers = answer(["猫" * 30 + end for end in ("", "我", "我的钱包丢了")], [2] * 3, "greedy")
    assert len(set(answers.texts.numpy()[:, 0])) == 1
    assert answers.scores.numpy() == pytest.approx(answers.scores.numpy()[0, 0])


def test_scores_depend_on_the_emotion(answer):
    answers = answer(["我的猫会握手"] * 6, range(6), "greedy")
    assert len(set(answers.scores.numpy()[:, 0].round(4).tolist())) == 6


def test_answer_all_equals_answer_for_each_emotion(responder, answer):
    posts = POSTS[:3]
    answers = tf.function(lambda p: responder.answer_all(p, Search()), autograph=False)(
        tf.constant(posts)
    )
    assert answers.texts.shape == answers.scores.shape == [3, 6, 1]
    for emotion in range(6):
        column = answer(posts, [emotion] * 3, "greedy")
        assert answers.texts[:, emotion].numpy().tolist() == column.texts.numpy().tolist()
        np.testing.assert_allclose(answers.scores[:, emotion], column.scores, rtol=1e-4)


def test_shapes_of_answer_all(responder):
    compiled = tf.function(
        lambda posts: responder.answer_all(posts, SEARCHES["beam"]),
        input_signature=[tf.TensorSpec([None], tf.string)],
        autograph=False,
    )
    assert compiled(tf.constant(POSTS[:2])).texts.shape == [2, 6, 2]
    assert compiled(tf.zeros([0], tf.string)).scores.shape == [0, 6, 2]


def test_seed_of_sampling(responder):
    def replies(seed):
        search = Search(SearchConfig(decoder="sample", seed=seed, temperature=2.0))
        return responder.answer(tf.constant(POSTS), tf.fill([5], 0), search).texts.numpy().tolist()

    assert replies(3) == replies(3)
    assert replies(3) != replies(4)


def test_model_without_padding_masks(model_dir, make_model):
    _, assets = load_model(model_dir)
    model = type(make_model())(
        type(make_model().config)(
            len(assets.post_words), len(assets.response_words), 6, size=8, mask_padding=False
        )
    )
    answers = Responder(model, assets).answer(
        tf.constant(["猫", "", "我的猫会握手"]), tf.constant([0, 1, 2]), Search()
    )
    assert answers.texts.shape == [3, 1]
    assert_readable(answers)
