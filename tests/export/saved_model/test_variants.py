"""Exports with other settings: search with a classifier, half-precision weights, Keras file."""

import dataclasses
import json
import re
import shutil

import fake_classifier
import keras
import numpy as np
import pytest
import tensorflow as tf
from exported import EMOTION_IDS, EMOTIONS, POSTS
from random_weights import randomize

from ecm_tf.config import RERANKED, SearchConfig
from ecm_tf.decoding.search import Search
from ecm_tf.inference.responder import Responder
from ecm_tf.model.directory import load_model, new_model, save_model
from export.saved_model import signatures as signatures_module
from export.saved_model.__main__ import main
from export.saved_model.exporter import export_saved_model
from export.saved_model.model_info import MODEL_INFO, read_model_info

pytestmark = pytest.mark.xdist_group("saved_model")


@pytest.fixture(scope="module")
def reranked(model_dir, tmp_path_factory):
    """A version whose replies a classifier chooses, and the classifier, moved away since."""
    judge = fake_classifier.make(tmp_path_factory.mktemp("judge"))
    base = tmp_path_factory.mktemp("reranked")
    flags = ("--rerank", judge, "--emotion_weight", 50, "--candidates", 6, "--n_best", 2)
    main(["--train_dir", str(model_dir), "--output", str(base), *map(str, flags)])
    return base / "1", judge.rename(judge.with_name("moved"))


def test_search_with_a_classifier_is_part_of_the_saved_model(reranked, load_signatures, responder):
    version, judge = reranked
    settings = {**RERANKED, "candidates": 6, "rerank": str(judge), "emotion_weight": 50.0}
    search = Search(SearchConfig(**settings), 2)
    expected = responder.answer(tf.constant(POSTS), tf.constant(EMOTION_IDS), search)
    signatures = load_signatures(version)
    inputs = {"post": tf.constant(POSTS), "emotion": tf.constant(EMOTIONS)}
    n_best = signatures["n_best"](**inputs)["response"].numpy()
    best = signatures["serving_default"](**inputs)["response"].numpy()
    assert n_best.tolist() == expected.texts.numpy().tolist()
    assert best.tolist() == n_best[:, 0].tolist()


def test_blocked_words_are_part_of_the_saved_model(model_dir, load_signatures, responder, tmp_path):
    posts, emotions = tf.constant(POSTS), tf.constant(EMOTION_IDS)
    texts = responder.answer(posts, emotions, Search()).texts.numpy()[:, 0]
    blocked = sorted({text.decode()[1:3] for text in texts})
    path = tmp_path / "words.txt"
    path.write_text("\n".join(blocked), encoding="utf-8")
    main(
        [
            *("--train_dir", str(model_dir), "--output", str(tmp_path), "--n_best", "1"),
            *("--block_words", str(path)),
        ]
    )
    path.unlink()
    assert read_model_info(tmp_path / "1")["search"]["block_words"] == "words.txt"
    signature = load_signatures(tmp_path / "1")["serving_default"]
    replies = signature(post=posts, emotion=tf.constant(EMOTIONS))["response"].numpy()
    search = Search(SearchConfig(block_words=blocked))
    expected = responder.answer(posts, emotions, search).texts.numpy()[:, 0]
    assert replies.tolist() == expected.tolist()
    assert not [text for text in replies for word in blocked if word in text.decode()]
    assert any(replies)


def test_model_info_gives_files_of_the_search_without_their_folders(reranked):
    version, judge = reranked
    info = read_model_info(version)
    for search in (info["search"], info["n_best_search"]):
        assert re.fullmatch(r"judge\d", search["rerank"])
    assert str(judge.parent) not in (version / MODEL_INFO).read_text(encoding="utf-8")


def test_rows_do_not_depend_on_their_batch(exported_base, reranked, load_signatures):
    """Server-side batching relies on it."""
    for version in (exported_base / "1", reranked[0]):
        for name, signature in load_signatures(version).items():
            inputs = {"post": tf.constant(POSTS), "emotion": tf.constant(EMOTIONS)}
            if name == "all_emotions":
                del inputs["emotion"]
            batch = signature(**inputs)
            for row in range(len(POSTS)):
                single = signature(**{key: value[row : row + 1] for key, value in inputs.items()})
                for key, value in single.items():
                    if value.dtype == tf.string:
                        assert np.array_equal(value[0], batch[key][row])
                    else:
                        np.testing.assert_allclose(value[0], batch[key][row], rtol=1e-4)


@pytest.fixture(scope="module")
def base_of_versions(exported_base, tmp_path_factory):
    """A base directory with the versions 1 and 7, and a directory that is no version."""
    base = tmp_path_factory.mktemp("versions") / "base"
    for version in ("1", "7"):
        shutil.copytree(exported_base / "1", base / version)
    (base / "notes").mkdir()
    return base


def check_half_precision(version, dtype, exported_base, load_signatures, responder):
    def scores(version):
        signature = load_signatures(version)["all_emotions"]
        return signature(post=tf.constant(POSTS))["score"].numpy()

    float32, half = scores(exported_base / "1"), scores(version)
    assert not np.array_equal(float32, half)
    np.testing.assert_allclose(half, float32, rtol=0.05)
    weights = sorted(tuple(weight.shape) for weight in responder.model.weights)
    for directory, expected in ((exported_base / "1", "float32"), (version, dtype)):
        reader = tf.train.load_checkpoint(str(directory / "variables" / "variables"))
        shapes = reader.get_variable_to_shape_map()
        dtypes = reader.get_variable_to_dtype_map()
        variables = [name for name in shapes if name != "_CHECKPOINTABLE_OBJECT_GRAPH"]
        assert sorted(tuple(shapes[name]) for name in variables) == weights, "each is stored once"
        assert {dtypes[name].name for name in variables} == {expected}
    assert json.loads((version / MODEL_INFO).read_text())["weights"]["stored_as"] == dtype


def test_command_writes_the_next_version_in_half_precision(
    model_dir, base_of_versions, exported_base, load_signatures, responder, capsys
):
    flags = ["--beam_size", "2", "--n_best", "2", "--weights", "float16"]
    main(["--train_dir", str(model_dir), "--output", str(base_of_versions), *flags])
    version = base_of_versions / "8"
    printed = capsys.readouterr().out
    assert printed.startswith(f"{version}: ")
    assert "search: greedy; n_best: 2 of beam 2; signatures" in printed
    assert {path.name for path in base_of_versions.iterdir()} == {"1", "7", "8", "notes"}
    n_best = load_signatures(version)["n_best"]
    replies = n_best(post=tf.constant(POSTS[:1]), emotion=tf.constant(["0"]))["response"]
    assert replies.shape == [1, 2]
    check_half_precision(version, "float16", exported_base, load_signatures, responder)


@pytest.fixture
def only_all_emotions(monkeypatch):
    """Exports have one signature, which takes a quarter of the time."""
    all_signatures = signatures_module.signatures
    monkeypatch.setattr(
        signatures_module,
        "signatures",
        lambda *arguments: {"all_emotions": all_signatures(*arguments)["all_emotions"]},
    )


def test_a_model_with_options(model_dir, load_signatures, only_all_emotions, tmp_path):
    """A bidirectional encoder and tied embeddings, each weight stored once."""
    model, assets = load_model(model_dir)
    config = dataclasses.replace(model.config, bidirectional_encoder=True, tie_embeddings=True)
    model = randomize(new_model(config, assets), seed=3, scale=0.4)
    save_model(tmp_path / "model", model, assets, settings={}, counts={}, sources={})
    version = export_saved_model(tmp_path / "model", tmp_path / "base")
    answers = load_signatures(version)["all_emotions"](post=tf.constant(POSTS[:2]))
    posts, emotions = np.repeat(POSTS[:2], 6), np.tile(range(6), 2)
    expected = Responder(model, assets).answer(tf.constant(posts), tf.constant(emotions), Search())
    texts = expected.texts.numpy().ravel().tolist()
    assert answers["response"].numpy().ravel().tolist() == texts
    assert len(set(texts)) > 3
    shapes = tf.train.load_checkpoint(str(version / "variables" / "variables"))
    stored = [shape for shape in shapes.get_variable_to_shape_map().values() if shape]
    assert sorted(stored) == sorted(list(weight.shape) for weight in model.weights)


def test_bfloat16_weights(
    model_dir, exported_base, load_signatures, responder, only_all_emotions, tmp_path
):
    version = export_saved_model(model_dir, tmp_path, dtype="bfloat16")
    check_half_precision(version, "bfloat16", exported_base, load_signatures, responder)


def test_keras_file_holds_the_model(responder, tmp_path):
    responder.model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    pairs = zip(responder.model.get_weights(), loaded.get_weights(), strict=True)
    for saved_weight, loaded_weight in pairs:
        np.testing.assert_array_equal(saved_weight, loaded_weight)
    assert loaded.config == responder.model.config
    posts, emotions = tf.constant(POSTS), tf.constant(EMOTION_IDS)
    answers = Responder(loaded, responder.text.assets).answer(posts, emotions, Search())
    expected = responder.answer(posts, emotions, Search())
    assert answers.texts.numpy().tolist() == expected.texts.numpy().tolist()
    np.testing.assert_allclose(answers.scores, expected.scores, rtol=1e-5)
