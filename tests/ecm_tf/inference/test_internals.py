"""Explanations agree with the decoder's own distributions and states."""

import numpy as np
import pytest
import tensorflow as tf

from ecm_tf.inference.batch_responder import BatchResponder
from ecm_tf.inference.reply import Reply
from ecm_tf.inference.responder import Responder
from ecm_tf.model.directory import load_model
from ecm_tf.text.vocabulary import GO

POST, OTHER, HAPPY = "球队赢了3比0", 0, 5
WORDS = ("太", "开心", "了")


@pytest.fixture(scope="module")
def responder(model_dir):
    return Responder(*load_model(model_dir))


@pytest.fixture(scope="module")
def explain(responder):
    """`explain(post, emotion, words)`: the explanation of one reply, from one compiled graph."""
    batches = BatchResponder(responder)

    def run(post, emotion, words):
        (explanation,) = batches.explanations([post], [emotion], [Reply("", 0, "", words)])
        return explanation

    return run


def test_gate_is_the_total_probability_of_emotion_words(responder, explain):
    explanation = explain(POST, HAPPY, WORDS)
    step, state = responder.model.prepare_decoding(
        responder.encode(tf.constant([POST])), tf.constant([HAPPY])
    )
    emotion_words = np.array(responder.text.assets.external_memory_mask[HAPPY])
    vocabulary = responder.text.assets.response_words
    for place, id_ in enumerate([GO, *map(vocabulary.index, WORDS)]):
        log_probs, state = step(tf.constant([id_]), state)
        share = np.exp(log_probs.numpy()[0, emotion_words]).sum()
        assert explanation.gate[place] == pytest.approx(share, abs=1e-6)
    assert explanation.words == ["太", "开心", "了", "_EOS"]
    assert explanation.emotion_words.tolist() == [False, True, False, False]


def test_attention_sums_to_one_over_the_post(explain):
    explanation = explain(POST, HAPPY, WORDS)
    assert "".join(explanation.post) == "球队赢了0比0"
    assert explanation.attention.shape == (4, len(explanation.post))
    assert explanation.attention.sum(axis=1) == pytest.approx(np.ones(4), abs=1e-5)


def test_norm_of_internal_memory_decreases(explain):
    memory = explain(POST, HAPPY, WORDS).memory
    assert len(memory) == 5
    assert memory[0] > 0 and (np.diff(memory) < 0).all()


def test_emotion_without_words_has_no_gate(explain):
    assert explain(POST, OTHER, WORDS).gate is None


def test_empty_post_and_empty_reply(explain):
    explanation = explain("", HAPPY, ())
    assert (explanation.post, explanation.words) == ([], ["_EOS"])
    assert np.isfinite(explanation.memory).all()
