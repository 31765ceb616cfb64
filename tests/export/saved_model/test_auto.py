"""Exports of a model that chooses emotions: signatures, the served model, and `export.ask`."""

import asyncio
import json
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from exported import POSTS
from shared_fixtures import shared_directory

import ecm_tf
from ecm_tf.config import SearchConfig
from ecm_tf.core.errors import InputError
from ecm_tf.text.emotions import DEFAULT
from export.ask import main as ask
from export.demo.cards import render_cards
from export.demo.sources import ModelDirectorySource, SavedModelSource
from export.saved_model.exporter import export_saved_model
from export.saved_model.model_info import MODEL_INFO
from export.serve.errors import RequestError
from export.serve.model import Model
from export.serve.settings import ServerConfig

pytestmark = pytest.mark.xdist_group("saved_model")

REQUESTED = ["auto", "like", " AUTO ", "5"]
SEARCH = SearchConfig(auto_weight=0.3, beam_size=4)


@pytest.fixture(scope="module")
def base(auto_model_dir, tmp_path_factory):
    """A base directory with version 1."""
    return shared_directory(
        tmp_path_factory,
        "exported_auto",
        lambda base: export_saved_model(auto_model_dir, base, search=SEARCH, n_best=3),
    )


@pytest.fixture(scope="module")
def signatures(base, load_signatures):
    return load_signatures(base / "1")


@pytest.fixture(scope="module")
def bot(auto_model_dir):
    return ecm_tf.load(auto_model_dir, auto_weight=0.3)


def call(signature, posts, emotions):
    outputs = signature(
        post=tf.constant(posts, tf.string, [len(posts)]),
        emotion=tf.constant(emotions, tf.string, [len(emotions)]),
    )
    return {name: value.numpy() for name, value in outputs.items()}


def test_a_mixed_batch_gives_the_replies_of_the_python_api(signatures, bot):
    expected = bot.reply(POSTS, REQUESTED)
    for name in ("serving_default", "explain"):
        outputs = call(signatures[name], POSTS, REQUESTED)
        for row, reply in enumerate(expected):
            assert outputs["emotion"][row].decode() == reply.emotion
            assert outputs["response"][row].decode() == reply.text
            assert outputs["score"][row] == pytest.approx(reply.score, rel=1e-4)
    outputs = call(signatures["n_best"], POSTS, REQUESTED)
    rows = bot.reply(POSTS, REQUESTED, n_best=3, decoder="beam", beam_size=4)
    for row, replies in enumerate(rows):
        assert outputs["emotion"][row].decode() == replies[0].emotion
        assert [text.decode() for text in outputs["response"][row]] == [r.text for r in replies]


def test_each_row_equals_the_row_alone(signatures):
    together = call(signatures["serving_default"], POSTS, REQUESTED)
    for row in range(4):
        alone = call(signatures["serving_default"], POSTS[row : row + 1], REQUESTED[row : row + 1])
        assert alone["emotion"][0] == together["emotion"][row]
        assert alone["response"][0] == together["response"][row]
    empty = call(signatures["serving_default"], [], [])
    assert [value.shape for value in empty.values()] == [(0,)] * 3


def test_probabilities_of_all_emotions(signatures, bot):
    posts = [*POSTS, "", "囧"]
    outputs = signatures["all_emotions"](post=tf.constant(posts))
    probability = outputs["probability"].numpy()
    assert probability.dtype == np.float32
    np.testing.assert_allclose(probability.sum(1), 1, rtol=1e-5)
    for row, post in enumerate(posts):
        expected = bot.explain(post, "sad").emotion_probabilities
        np.testing.assert_allclose(probability[row], expected, atol=1e-5)
    assert outputs["emotion"].numpy()[0].tolist() == [name.encode() for name in DEFAULT.names]


def test_the_error_lists_auto(signatures):
    with pytest.raises(tf.errors.InvalidArgumentError, match="5 happy 高兴, auto"):
        call(signatures["serving_default"], POSTS[:1], ["automatic"])


def test_ask(base, bot, exported_base, load_signatures, monkeypatch, capsys):
    versions = (base / "1", exported_base / "1")
    loaded = {str(path): SimpleNamespace(signatures=load_signatures(path)) for path in versions}
    monkeypatch.setattr("tensorflow.saved_model.load", loaded.__getitem__)
    ask([str(base / "1"), POSTS[0], POSTS[3], "--emotion", "auto"])
    replies = bot.reply([POSTS[0], POSTS[3]])
    lines = [line for p, r in zip((POSTS[0], POSTS[3]), replies, strict=True) for line in (p, r)]
    lines = [line if isinstance(line, str) else f"{line.emotion}: {line.text}" for line in lines]
    assert capsys.readouterr().out.splitlines() == lines
    with pytest.raises(InputError) as caught:
        ask([str(exported_base / "1"), POSTS[0], "--emotion", "auto"])
    assert str(caught.value).startswith("--emotion: unknown emotion; expected one of: 0 other")
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_the_server_counts_a_post_with_auto_as_every_emotion(base):
    info = json.loads((base / "1" / MODEL_INFO).read_text(encoding="utf-8"))
    assert info["chooses_emotions"]
    model = Model(base, ServerConfig(max_hypotheses=13, max_batch=4))
    asyncio.run(model.versions.refresh())

    def predict(emotions):
        posts = [b"a"] * len(emotions)
        request = model.predict(
            "ecm", None, "serving_default", {"post": posts, "emotion": emotions}
        )
        return asyncio.run(request)[1]

    outputs = predict([b" Auto", b"auto", b"sad"])
    assert outputs["emotion"][2] == b"sad"
    assert outputs["emotion"][0] == outputs["emotion"][1]
    with pytest.raises(RequestError, match="at most 2 posts of serving_default, which decodes 6"):
        predict([b"auto", b"auto", b"sad", b"sad"])
    assert len(predict([b"sad"] * 13)["response"]) == 13


def test_cards_of_the_demo_show_the_probability(base, auto_model_dir, signatures, monkeypatch):
    monkeypatch.setattr(
        "tensorflow.saved_model.load", lambda path: SimpleNamespace(signatures=signatures)
    )
    html = [
        render_cards(source.answer(POSTS[0]), source.language)
        for source in (
            ModelDirectorySource(auto_model_dir, {}),
            SavedModelSource(base / "1"),
        )
    ]
    for page in html:
        assert page.count("predicted probability of this emotion") == 6
    assert html[0] == html[1]
