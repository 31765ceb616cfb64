"""Sampling with `ids.tflite`: the noise that an application gives it."""

import numpy as np
import pytest
import tensorflow as tf

from ecm_tf.core.errors import InputError
from ecm_tf.decoding.replies import MASKED_IDS
from ecm_tf.text.vocabulary import EOS, GO, PAD
from export.tflite.__main__ import main
from export.tflite.files import IDS
from export.tflite.interpreter import Interpreter

pytestmark = pytest.mark.xdist_group("tflite")

POST, HAPPY, ROWS, CALLS, TEMPERATURE = "我的猫会握手", 5, 4, 500, 2.0


@pytest.fixture(scope="module")
def interpreter(wide_dir, tmp_path_factory):
    output = tmp_path_factory.mktemp("noise") / "tflite"
    flags = ["--files", "ids", "--batch", str(ROWS), "--post_length", "16", "--noise"]
    main(["convert", "--train_dir", str(wide_dir), "--output", str(output), *flags])
    return Interpreter(output / IDS)


@pytest.fixture(scope="module")
def post_ids(wide_responder):
    return wide_responder.post_ids(tf.constant([POST] * ROWS)).numpy()


@pytest.fixture(scope="module")
def samples(interpreter, post_ids, wide_responder):
    """The outputs of many calls, each with other noise."""
    vocabulary = wide_responder.model.config.response_vocabulary_size
    random = np.random.default_rng(0)
    return [
        interpreter(post_ids, [HAPPY] * ROWS, TEMPERATURE * random.gumbel(size=vocabulary))
        for _ in range(CALLS)
    ]


def test_no_noise_gives_the_greedy_replies(interpreter, post_ids, greedy_replies):
    expected, _ = greedy_replies([POST])
    outputs = interpreter(post_ids, range(ROWS))
    np.testing.assert_array_equal(outputs["ids"], expected.ids[:ROWS])
    np.testing.assert_allclose(outputs["scores"], expected.scores[:ROWS], rtol=1e-4)


def test_words_have_the_probabilities_of_the_temperature(samples, post_ids, wide_responder):
    """In every row of the batch; the first word, and the second one after the commonest first."""
    model = wide_responder.model
    step, state = model.prepare_decoding(model.encoder(post_ids[:1]), tf.constant([HAPPY]))
    drawn = np.concatenate([outputs["ids"] for outputs in samples])
    word = GO
    for position in range(2):
        log_probs, state = step(tf.constant([word]), state)
        logits = log_probs.numpy()[0].astype(float) / TEMPERATURE
        logits[list(MASKED_IDS)] = -np.inf
        expected = np.exp(logits - logits.max())
        expected /= expected.sum()
        words = np.where(drawn[:, position] == PAD, EOS, drawn[:, position])
        frequencies = np.bincount(words, minlength=len(expected)) / len(words)
        deviation = np.sqrt(expected * (1 - expected) / len(words))
        assert (np.abs(frequencies - expected) <= 5 * deviation + 1e-9).all()
        assert np.count_nonzero(frequencies) > 5
        word = np.bincount(words).argmax()
        drawn = drawn[words == word]


def test_scores_are_log_probabilities_of_the_model(samples, post_ids, wide_responder):
    outputs = samples[0]
    ends = np.arange(outputs["ids"].shape[1]) == outputs["lengths"][:, None]
    nll, _ = wide_responder.model.reply_nll(
        {
            "post": tf.constant(post_ids),
            "emotion": tf.constant([HAPPY] * ROWS),
            "response": tf.constant(np.where(ends, EOS, outputs["ids"])),
        }
    )
    np.testing.assert_allclose(outputs["scores"], -nll.numpy(), rtol=1e-4)
    assert len({tuple(row) for row in outputs["ids"].tolist()}) > 1, "rows get different noise"


def test_noise_is_an_input_of_the_ids_file(wide_dir, tmp_path):
    flags = ["--train_dir", str(wide_dir), "--output", str(tmp_path / "lite"), "--noise"]
    with pytest.raises(InputError, match="--noise: expected ids in --files, got"):
        main(["convert", *flags, "--files", "text"])
