"""The Python API: replies and explanations for one post and for lists."""

import json
import shutil

import numpy as np
import pytest
from random_weights import randomize

import ecm_tf
from ecm_tf import InputError, Reply, SearchConfig
from ecm_tf.config import RERANKED
from ecm_tf.core import released
from ecm_tf.core.manifest import sha256
from ecm_tf.inference import batch_responder, word_segmentation
from ecm_tf.text.emotions import DEFAULT

POSTS = ["我的猫会握手", "", "今天天气真好，周末去哪里玩"]
BEAM = {"decoder": "beam", "beam_size": 3}


@pytest.fixture(scope="module")
def bot(model_dir):
    result = ecm_tf.load(model_dir)
    randomize(result.model)
    return result


def test_reply_to_one_post(bot):
    reply = bot.reply(POSTS[0], "angry")
    assert isinstance(reply, Reply)
    assert reply.emotion == "angry"
    assert reply.text == "".join(reply.words)
    assert reply.words and reply.score < 0
    assert repr(reply) == f"Reply(text={reply.text!r}, score={reply.score!r}, emotion='angry')"


@pytest.mark.parametrize("emotion", ["angry", " ANGRY", "愤怒", "生气", "4", 4, np.int64(4)])
def test_every_form_of_an_emotion(bot, emotion):
    assert bot.reply(POSTS[0], emotion) == bot.reply(POSTS[0], "anger")


def test_replies_are_one_per_emotion_in_the_order_of_the_categories(bot):
    replies = bot.replies(POSTS[0])
    assert [reply.emotion for reply in replies] == bot.emotions.names == DEFAULT.names
    for reply in replies:
        single = bot.reply(POSTS[0], reply.emotion)
        assert reply.text == single.text
        assert reply.score == pytest.approx(single.score, rel=1e-4)
    rows = bot.replies(POSTS, n_best=2, **BEAM)
    assert np.shape([[len(pair) for pair in row] for row in rows]) == (3, 6)
    assert {len(pair) for row in rows for pair in row} == {2}
    pair = bot.reply(POSTS[0], "angry", n_best=2, **BEAM)
    assert [reply.text for reply in rows[0][4]] == [reply.text for reply in pair]


def test_blocked_words_from_a_list_or_a_file(bot, tmp_path):
    text = bot.reply(POSTS[0], "angry").text
    path = tmp_path / "words.txt"
    path.write_text(f"# a part of a reply\n{text[:2]}\n", encoding="utf-8")
    reply = bot.reply(POSTS[0], "angry", block_words=[text[:2]])
    assert reply.text and text[:2] not in reply.text
    assert bot.reply(POSTS[0], "angry", block_words=str(path)) == reply
    with pytest.raises(InputError, match="block_words: expected at least one blocked word"):
        bot.reply(POSTS[0], "angry", block_words=[])


def test_a_list_gives_the_reply_to_each_post_in_order(bot, monkeypatch):
    monkeypatch.setattr(batch_responder, "MAX_HYPOTHESES", 6)
    emotions = ["like", 0, "悲伤"]
    replies = bot.reply(POSTS, emotions, n_best=3, **BEAM)
    assert [[reply.emotion for reply in row] for row in replies] == [
        [name] * 3 for name in ("like", "other", "sad")
    ]
    for row, post, emotion in zip(replies, POSTS, emotions, strict=True):
        single = bot.reply(post, emotion, n_best=3, **BEAM)
        assert [reply.text for reply in row] == [reply.text for reply in single]
        scores = [reply.score for reply in row]
        assert scores == sorted(scores, reverse=True)
        assert scores == pytest.approx([reply.score for reply in single], rel=1e-4)
    assert [reply.emotion for reply in bot.reply(tuple(POSTS), "sad")] == ["sad"] * 3


def test_an_empty_list_gives_an_empty_list(bot):
    assert bot.reply([], []) == bot.reply([], "sad") == bot.replies([]) == bot.explain([], []) == []


def test_repeated_calls_reuse_the_compiled_graph(bot):
    def traces():
        graph = bot._batches.graph(SearchConfig(no_repeat=3), 1)
        return graph.experimental_get_tracing_count()

    for number in (1, 2, 3):
        bot.reply(POSTS[:number], 1, no_repeat=3)
    bot.replies(POSTS, no_repeat=3)
    assert traces() == 1


def test_without_a_seed_equal_posts_are_answered_independently(bot):
    sampling = {"decoder": "sample", "temperature": 10.0}
    replies = bot.reply([POSTS[0]] * 10, 1, **sampling)
    assert len({reply.text for reply in replies}) > 1
    replies = bot.reply([POSTS[0]] * 10, 1, **sampling, seed=1)
    assert len({reply.text for reply in replies}) == 1


def test_a_seed_makes_samples_repeatable_whatever_the_batch(bot):
    sampling = {"decoder": "sample", "temperature": 3.0, "seed": 1}
    replies = bot.reply(POSTS, "happy", **sampling)
    assert replies[2].text == bot.reply(POSTS[2], "happy", **sampling).text


def test_load_sets_defaults_that_calls_override(bot, model_dir):
    greedy = {"decoder": "greedy"}
    with_defaults = ecm_tf.load(str(model_dir), **BEAM)
    randomize(with_defaults.model)
    assert with_defaults.reply(POSTS[0], 1, n_best=2) == bot.reply(POSTS[0], 1, n_best=2, **BEAM)
    assert with_defaults.reply(POSTS[0], 1, **greedy) == bot.reply(POSTS[0], 1)


def test_rerank_sets_the_defaults_of_the_command_line(bot):
    judge = "classifier"
    assert bot._search({"rerank": judge}) == SearchConfig(**RERANKED, rerank=judge)
    assert bot._search({"rerank": judge, "candidates": 4}).num_candidates == 4


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda bot: bot.reply("猫", "joyful"),
            "unknown emotion 'joyful'; expected one of: 0 other",
        ),
        (lambda bot: bot.reply("猫", None), "unknown emotion None; expected one of: 0 other"),
        (lambda bot: bot.reply("猫", ["sad"]), "emotions: expected one emotion for one post, got"),
        (lambda bot: bot.reply(["猫"], [1, 2]), "emotions: expected as many as posts (1), got 2."),
        (lambda bot: bot.reply(None, 1), "posts: expected a text or a list of texts, got None."),
        (lambda bot: bot.reply(["猫", 3], 1), "posts: expected a text, got 3."),
        (lambda bot: bot.reply([b"a"], 1), "posts: expected a text, got b'a'."),
        (
            lambda bot: bot.reply("猫", 1, beams=3),
            "unknown search settings beams; expected some of",
        ),
        (
            lambda bot: bot.reply("猫", 1, top_k=0),
            "top_k: expected an integer of at least 1, got 0.",
        ),
        (
            lambda bot: bot.reply([], [], n_best=2),
            "n_best: expected 1 to 1, the number of candidates",
        ),
        (lambda bot: bot.explain("猫"), "emotions: expected an emotion or replies to explain"),
        (
            lambda bot: bot.explain(["猫"], replies=[]),
            "replies: expected as many as posts (1), got 0.",
        ),
        (
            lambda bot: bot.explain(["猫"], replies=Reply("", 0.0, "sad")),
            "replies: expected a `Reply` for each post, got Reply(text='', ",
        ),
        (
            lambda bot: bot.explain("猫", replies=Reply("", 0.0, "sad"), top_k=3),
            "replies: expected no search settings, got top_k.",
        ),
        (
            lambda bot: bot.explain("猫", replies=Reply("狗", 0.0, "sad", ("no such word",))),
            "replies: expected a reply of this model, got '狗' with words ['no such word'].",
        ),
        (
            lambda bot: bot.explain("猫", replies=Reply("狗", 0.0, "sad")),
            "replies: expected a reply of this model, got '狗' with words [].",
        ),
    ],
)
def test_wrong_arguments_are_reported_in_one_sentence(bot, call, message):
    with pytest.raises(InputError) as caught:
        call(bot)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_load_reports_wrong_directories_and_settings(model_dir, tmp_path):
    with pytest.raises(InputError, match="no such directory"):
        ecm_tf.load(tmp_path / "nothing")
    with pytest.raises(InputError, match="unknown search settings beams"):
        ecm_tf.load(model_dir, beams=3)


def test_explanation_of_the_best_reply_and_of_given_replies(bot):
    explanation = bot.explain(POSTS[0], "happy")
    best = bot.reply(POSTS[0], "happy")
    assert tuple(word for word in explanation.words if word != "_EOS") == best.words
    length = len(explanation.words)
    assert explanation.attention.shape == (length, len(explanation.post))
    assert explanation.gate.shape == explanation.emotion_words.shape == (length,)
    assert explanation.memory.shape == (length + 1,)
    given = bot.explain(POSTS[0], replies=best)
    assert given.words == explanation.words
    np.testing.assert_array_equal(given.attention, explanation.attention)
    rows = bot.explain([POSTS[0]] * 6, replies=bot.replies(POSTS[0]))
    np.testing.assert_allclose(rows[5].gate, explanation.gate, atol=1e-5)
    other = bot.explain(POSTS[0], "like", replies=best)
    assert other.words == given.words
    assert not np.allclose(other.memory, given.memory)


def test_text_that_has_no_utf8_encoding(bot):
    assert bot.reply("猫\ud800", 1).text == bot.reply("猫?", 1).text


def test_raw_chinese_is_split_for_a_model_of_split_text(bot, monkeypatch):
    monkeypatch.setattr(bot, "_segmenter", "whitespace")
    monkeypatch.setattr(word_segmentation, "split_into_words", lambda post: POSTS[0])
    assert bot.reply("狗", 1) == bot.reply(POSTS[0], 1)


def test_a_model_directory_with_search_defaults(model_dir, tmp_path):
    directory = shutil.copytree(model_dir, tmp_path / "model")
    (directory / "words.txt").write_text("喜欢\n", encoding="utf-8")
    settings = {**BEAM, "block_words": "words.txt"}
    (directory / "search.json").write_text(json.dumps(settings))
    manifest = json.loads((directory / "manifest.json").read_text())
    for name in ("search.json", "words.txt"):
        manifest["files"][name] = sha256(directory / name)
    (directory / "manifest.json").write_text(json.dumps(manifest))
    words = str(directory / "words.txt")
    own = ecm_tf.load(directory)
    assert own._search({}) == SearchConfig(**BEAM, block_words=words)
    assert own._search({"block_words": None}) == SearchConfig(**BEAM)
    changed = ecm_tf.load(directory, beam_size=2, block_words=None)
    assert changed._search({}) == SearchConfig("beam", beam_size=2)
    assert changed._search({"block_words": ["猫"]}).block_words == ("猫",)


def test_a_released_model_by_name(model_dir, tmp_path, monkeypatch):
    monkeypatch.setattr(released, "PRETRAINED", tmp_path)
    (tmp_path / "zh").symlink_to(model_dir)
    monkeypatch.chdir(tmp_path / "zh")
    assert ecm_tf.load("zh").config == ecm_tf.load(model_dir).config
    with pytest.raises(InputError, match=r"^fr: expected a model .* model \(zh\), got neither\.$"):
        ecm_tf.load("fr")
