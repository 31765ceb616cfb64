"""What an explanation says is what the model did."""

import io
import json

import numpy as np
import pytest
import tensorflow as tf

from ecm_tf.chat import main as chat
from ecm_tf.core.errors import InputError
from ecm_tf.inference.internals import explain
from ecm_tf.inference.responder import Responder
from ecm_tf.model.directory import load_model
from ecm_tf.text.vocabulary import GO

POST, HAPPY = "球队赢了3比0", 5


@pytest.fixture(scope="module")
def responder(model_dir):
    return Responder(*load_model(model_dir))


@pytest.fixture(scope="module")
def ids(responder):
    words = responder.text.assets.response_words
    return [words.index(word) for word in ("太", "开心", "了")]


def test_the_gate_is_the_share_of_emotion_words(responder, ids):
    inside = explain(responder, POST, HAPPY, ids)
    step, state = responder.model.begin(
        responder.post_ids(tf.constant([POST])), tf.constant([HAPPY])
    )
    emotional = np.array(responder.text.assets.external_memory_mask[HAPPY])
    for place, word in enumerate([GO, *ids]):
        log_probs, state = step(tf.constant([word]), state)
        share = np.exp(log_probs.numpy()[0, emotional]).sum()
        assert inside.gate[place] == pytest.approx(share, abs=1e-6)
    assert inside.words == ["太", "开心", "了", "_EOS"]
    assert inside.emotion_words.tolist() == [False, True, False, False]


def test_attention_is_over_the_post(responder, ids):
    inside = explain(responder, POST, HAPPY, ids)
    assert "".join(inside.post) == "球队赢了0比0"
    assert inside.attention.shape == (4, len(inside.post))
    assert inside.attention.sum(axis=1) == pytest.approx(np.ones(4), abs=1e-5)


def test_internal_memory_is_used_up(responder, ids):
    memory = explain(responder, POST, HAPPY, ids).memory
    assert len(memory) == 5
    assert memory[0] > 0 and (np.diff(memory) < 0).all()


def test_an_emotion_without_words_has_no_gate(responder, ids):
    assert explain(responder, POST, 0, ids).gate is None


def test_an_empty_post_and_an_empty_reply(responder):
    inside = explain(responder, "", HAPPY, [])
    assert (inside.post, inside.words) == ([], ["_EOS"])
    assert np.isfinite(inside.memory).all()


def test_chat_shows_it(model_dir, tmp_path, monkeypatch, capsys):
    post = "我的猫会握手<script>"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"{post}\n".encode())))
    chat(["--train_dir", str(model_dir), "--emotion", "like", "--explain", str(tmp_path / "out")])
    (row,) = json.loads((tmp_path / "out" / "explanations.json").read_text(encoding="utf-8"))
    assert (row["post"], row["emotion"]) == (post, "like")
    assert f"like: {row['reply']}" in capsys.readouterr().out
    assert len(row["inside"]["attention"]) == len(row["inside"]["words"])
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "<script>" not in page and "我的猫会握手&lt;script&gt;" in page


def test_a_file_is_no_place_for_it(model_dir, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="expected a directory, got a file"):
        chat(["--train_dir", str(model_dir), "--explain", str(tmp_path / "file")])
