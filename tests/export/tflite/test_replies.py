"""Replies of the TensorFlow Lite files, compared with the model's greedy replies."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from hard_texts import CHINESE, ENGLISH, RAW, random_texts

from ecm_tf.config import SearchConfig
from ecm_tf.core.errors import InputError
from ecm_tf.decoding.search import Search
from ecm_tf.inference.responder import Responder
from ecm_tf.model.directory import load_model
from export.release.writing import write_release
from export.tflite.__main__ import main
from export.tflite.conversion import convert
from export.tflite.files import IDS, TEXT, PostShape
from export.tflite.greedy import greedy_config
from export.tflite.interpreter import Interpreter

pytestmark = pytest.mark.xdist_group("tflite")


def reply_texts(interpreter, takes_text, responder, posts, emotion):
    """Returns the reply texts of a file for a batch of posts."""
    if takes_text:
        return interpreter(posts, emotion)["response"].tolist()
    outputs = interpreter(responder.post_ids(tf.constant(posts)).numpy(), emotion)
    return responder.text.response_text(outputs["ids"], outputs["lengths"]).numpy().tolist()


def test_ids_file_gives_the_ids_of_the_model(converted, wide_responder, greedy_replies):
    interpreter = Interpreter(converted["none"] / IDS)
    for post in RAW:
        expected, _ = greedy_replies([post])
        outputs = interpreter(wide_responder.post_ids(tf.constant([post] * 6)).numpy(), range(6))
        np.testing.assert_array_equal(outputs["ids"], expected.ids)
        np.testing.assert_array_equal(outputs["lengths"], expected.lengths)
        np.testing.assert_allclose(outputs["scores"], expected.scores, rtol=1e-4)


def test_text_file_gives_the_texts_of_the_model(converted, greedy_replies):
    interpreter = Interpreter(converted["none"] / TEXT)
    for post in RAW:
        expected, texts = greedy_replies([post])
        outputs = interpreter([post] * 6, range(6))
        assert outputs["response"].tolist() == texts, post[:20]
        np.testing.assert_allclose(outputs["score"], expected.scores, rtol=1e-4)
    assert len(set(greedy_replies(RAW)[1])) > 20, "the replies vary"


def test_fixed_shapes_give_the_ids_of_the_model(fixed_shapes, wide_responder, greedy_replies):
    """Batches smaller and larger than the file's, and posts shorter and longer than its."""
    interpreter = Interpreter(fixed_shapes)
    expected, _ = greedy_replies(RAW)
    for rows in ([0], [1, 2, 6, 3], range(len(RAW)), []):
        posts = tf.constant([RAW[row] for row in rows], tf.string)
        ids = np.pad(wide_responder.post_ids(posts).numpy(), [(0, 0), (0, 5)])
        outputs = interpreter(ids, [row % 6 for row in rows])
        chosen = [6 * row + row % 6 for row in rows]
        np.testing.assert_array_equal(outputs["ids"], expected.ids[chosen])
        np.testing.assert_array_equal(outputs["lengths"], expected.lengths[chosen])
        np.testing.assert_allclose(outputs["scores"], expected.scores[chosen], rtol=1e-4)


def test_raw_english_needs_no_text_file(model_dir, save_random_model, tmp_path, capsys):
    assets = dataclasses.replace(ENGLISH, segmenter="english")
    config = dataclasses.replace(
        load_model(model_dir)[0].config,
        post_vocabulary_size=len(assets.post_words),
        response_vocabulary_size=len(assets.response_words),
    )
    train_dir = save_random_model(tmp_path / "model", assets, config)
    with pytest.raises(InputError, match="`--files ids` leaves text"):
        convert(train_dir, tmp_path / "lite")
    flags = ["convert", "--train_dir", str(train_dir), "--output", str(tmp_path / "lite")]
    main([*flags, "--files", "ids", "--batch", "6", "--post_length", "9"])
    capsys.readouterr()
    post = "The cat don't sit!"
    main(["run", str(tmp_path / "lite"), post])
    lines = capsys.readouterr().out.splitlines()
    expected = Responder(*load_model(train_dir)).answer([post] * 6, list(range(6)), Search())
    assert lines[0] == post
    replies = [line.split(": ", 1)[1] for line in lines[1:]]
    assert replies == [text.decode() for text in expected.texts[:, 0].numpy()]


def test_blocked_words_repeats_and_lengths_of_the_model(
    wide_dir, wide_responder, greedy_replies, tmp_path
):
    """The settings of `search.json` that greedy search can have, multi-token words included."""
    _, texts = greedy_replies(RAW)
    usual = {text.decode() for text in texts}
    words = sorted({text[2:5] for text in usual if len(text) > 5})[:8]
    (tmp_path / "words.txt").write_text("\n".join(words))
    search = SearchConfig(block_words=str(tmp_path / "words.txt"), no_repeat=1, min_length=3)
    train_dir = write_release(wide_dir, tmp_path / "model", search, weights="float16")
    responder = Responder(*load_model(train_dir))
    posts, emotion = np.repeat(np.array(RAW, object), 6), np.tile(range(6), len(RAW))
    answers = responder.answer(posts, emotion, Search(greedy_config(train_dir)))
    expected = [text.decode() for text in answers.texts[:, 0].numpy()]
    assert not any(word in text for word in words for text in expected)
    assert len(usual - set(expected)) > 10, "most replies differ from the usual ones"
    directory = convert(
        train_dir, tmp_path / "lite", files=[IDS], shape=PostShape(4, 16), noise=True
    )
    interpreter = Interpreter(directory / IDS)
    replies = reply_texts(interpreter, False, responder, posts, emotion)
    assert [text.decode() for text in replies] == expected
    vocabulary = responder.model.config.response_vocabulary_size
    noise = np.random.default_rng(0).gumbel(size=vocabulary)
    outputs = interpreter(responder.post_ids(tf.constant(posts)).numpy(), emotion, noise)
    sampled = responder.text.response_text(outputs["ids"], outputs["lengths"]).numpy()
    assert not any(word in text.decode() for word in words for text in sampled)
    assert outputs["lengths"].min() >= 3


@pytest.mark.parametrize("file", [IDS, TEXT])
def test_batches_of_any_size_and_length(converted, wide_responder, greedy_replies, file):
    """One interpreter gets batches of changing shapes."""
    interpreter = Interpreter(converted["none"] / file)
    _, texts = greedy_replies(RAW)
    for rows in ([0], [1, 2, 6, 3], [2], [7, 8, 0, 1, 2, 3, 4, 5], [1]):
        posts = [RAW[row] for row in rows]
        emotion = [row % 6 for row in rows]
        replies = reply_texts(interpreter, file == TEXT, wide_responder, posts, emotion)
        assert replies == [texts[6 * row + row % 6] for row in rows]


@pytest.mark.parametrize(("scheme", "min_agreement"), [("float16", 0.9), ("dynamic", 0.5)])
@pytest.mark.parametrize("file", [IDS, TEXT])
def test_quantisation_changes_few_replies(
    converted, wide_responder, greedy_replies, scheme, min_agreement, file
):
    """The model is untrained, so that its highest probabilities are close to each other."""
    interpreter = Interpreter(converted[scheme] / file)
    _, texts = greedy_replies(RAW)
    posts, emotion = np.repeat(np.array(RAW, object), 6), np.tile(range(6), len(RAW))
    replies = reply_texts(interpreter, file == TEXT, wide_responder, posts, emotion)
    agreement = np.mean([a == b for a, b in zip(replies, texts, strict=True)])
    assert agreement >= min_agreement


VARIANTS = {
    "Seq2Seq of English": (ENGLISH, {"use_ememory": False}),
    "original": (CHINESE, {"mask_padding": False, "use_emb": True, "use_ememory": True}),
    "with options": (CHINESE, {"bidirectional_encoder": True, "tie_embeddings": True}),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_other_variants_and_languages(model_dir, save_random_model, tmp_path, variant):
    assets, changes = VARIANTS[variant]
    config = dataclasses.replace(
        load_model(model_dir)[0].config,
        post_vocabulary_size=len(assets.post_words),
        response_vocabulary_size=len(assets.response_words),
        use_emb=False,
        use_imemory=False,
        buckets=[[3, 4], [6, 5]],
    )
    config = dataclasses.replace(config, **changes)
    train_dir = save_random_model(tmp_path / "model", assets, config)
    responder = Responder(*load_model(train_dir))
    posts = random_texts("English" if assets is ENGLISH else "Chinese", 40)
    emotion = [row % 6 for row in range(40)]
    answers = responder.answer(tf.constant(posts), tf.constant(emotion), Search())
    expected = answers.texts[:, 0].numpy().tolist()
    directory = convert(train_dir, tmp_path / "lite")
    posts = [post.encode() for post in posts]
    for file in (TEXT, IDS):
        interpreter = Interpreter(directory / file)
        assert reply_texts(interpreter, file == TEXT, responder, posts, emotion) == expected
