"""Released models: what the command writes, and that the other commands use it."""

import io
import json
import shutil
import sys

import fake_classifier
import numpy as np
import pytest
from eager_runs import eager_execution
from random_weights import randomize

import ecm_tf
from ecm_tf.chat import main as chat
from ecm_tf.config import RERANKED, SearchConfig, read_search_defaults, search_config
from ecm_tf.core import released
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import read_manifest, sha256
from ecm_tf.inference import chatbot
from ecm_tf.model.directory import load_model, save_model
from ecm_tf.text.emotions import DEFAULT, Emotions
from export.demo.sources import open_source
from export.release.__main__ import main as release
from export.saved_model.__main__ import main as export_saved_model

SAMPLES = ("--candidates", "4", "--top_k", "5")
POST = "我的猫会握手"


@pytest.fixture(scope="module")
def trained(model_dir, tmp_path_factory):
    """A model directory with random weights, so that its replies differ; float16 stores them."""
    directory = shutil.copytree(model_dir, tmp_path_factory.mktemp("trained") / "model")
    model, assets = load_model(directory)
    manifest = read_manifest(directory, "model")
    kept = {name: manifest[name] for name in ("settings", "counts", "sources")}
    randomize(model).set_weights([w.astype("float16") for w in model.get_weights()])
    save_model(directory, model, assets, **kept)
    return directory


@pytest.fixture(scope="module")
def inputs(trained, tmp_path_factory):
    """A directory with a classifier, a list with a word of the usual replies, and a model card."""
    directory = tmp_path_factory.mktemp("inputs")
    (directory / "judge").mkdir()
    fake_classifier.make(directory / "judge")
    (directory / "judge" / "notes.txt").write_text("not in the manifest")
    with eager_execution():
        usual = ecm_tf.load(trained, rerank=str(directory / "judge"), candidates=4, top_k=5)
        word = max((reply.text for reply in usual.replies(POST)), key=len)[:2]
    (directory / "rude.txt").write_text(f"# rude words\n{word}\n", encoding="utf-8")
    (directory / "card.md").write_text("# 小模型\n", encoding="utf-8")
    return directory


def write(*arguments):
    with eager_execution():
        release([str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def released_dir(trained, inputs, tmp_path_factory):
    """A released model `zh` with classifier, blocked words and card."""
    output = tmp_path_factory.mktemp("pretrained") / "zh"
    write(
        *("--train_dir", trained, "--output", output, "--weights", "float16", *SAMPLES),
        *("--rerank", inputs / "judge", "--block_words", inputs / "rude.txt"),
        *("--card", inputs / "card.md"),
    )
    return output


def test_files(trained, inputs, released_dir):
    names = {str(p.relative_to(released_dir)) for p in released_dir.rglob("*") if p.is_file()}
    manifest = read_manifest(released_dir, "model")
    assert names == {*manifest["files"], "manifest.json"}
    assert {
        *("config.json", "model.weights.npz", "search.json", "block_words.txt", "README.md"),
        *("classifier/manifest.json", "classifier/emotions.json", "assets/text.json"),
    } < names
    assert "classifier/notes.txt" not in names
    source = read_manifest(trained, "model")
    assert manifest["counts"] == source["counts"]
    assert manifest["settings"] == {**source["settings"], "weights": "float16"}
    assert manifest["sources"] == {**source["sources"], "model": sha256(trained / "manifest.json")}
    assert (released_dir / "README.md").read_text(encoding="utf-8") == "# 小模型\n"
    assert str(inputs) not in (released_dir / "search.json").read_text(encoding="utf-8")
    assert json.loads((released_dir / "search.json").read_text()) == {
        **RERANKED,
        **{"candidates": 4, "top_k": 5, "rerank": "classifier", "block_words": "block_words.txt"},
    }


def test_the_model_replies_as_the_original_with_the_same_settings(trained, inputs, released_dir):
    with eager_execution():
        found = ecm_tf.load(released_dir).replies(POST)
        unblocked = ecm_tf.load(released_dir, block_words=None).replies(POST)
        given = {"rerank": str(inputs / "judge"), "block_words": str(inputs / "rude.txt")}
        expected = ecm_tf.load(trained, **given, candidates=4, top_k=5).replies(POST)
        greedy = ecm_tf.load(released_dir, decoder="greedy", block_words=None, no_repeat=0)
        plain = ecm_tf.load(trained).replies(POST)
        unranked = greedy.replies(POST)
    for ours, theirs in ((found, expected), (unranked, plain)):
        assert [reply.text for reply in ours] == [reply.text for reply in theirs]
        np.testing.assert_allclose(
            [reply.score for reply in ours], [reply.score for reply in theirs], rtol=1e-5
        )
    assert [reply.text for reply in found] != [reply.text for reply in plain]
    word = (inputs / "rude.txt").read_text(encoding="utf-8").splitlines()[1]
    assert any(word in reply.text for reply in unblocked)
    assert not any(word in reply.text for reply in found)


def test_chat_takes_the_released_model_and_its_search(released_dir, monkeypatch, capsys):
    monkeypatch.setattr(released, "PRETRAINED", released_dir.parent)
    loaded = []
    load = chatbot.load
    monkeypatch.setattr(chatbot, "load", lambda *a, **k: loaded.append((a, k)) or load(*a, **k))
    for flags in ([], ["--model", "zh", "--no-rerank", "--no-block_words"]):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
        with eager_execution():
            chat([*flags, "--emotion", "like"])
    own = search_config({}, read_search_defaults(released_dir))
    assert (own.rerank, own.candidates) == (str(released_dir / "classifier"), 4)
    assert loaded[0] == ((released_dir,), own.to_dict())
    assert loaded[1] == ((released_dir,), {**own.to_dict(), "rerank": None, "block_words": None})


def test_demo_takes_the_search_of_the_model(released_dir, monkeypatch):
    bots = []
    load = ecm_tf.load
    monkeypatch.setattr(ecm_tf, "load", lambda *a, **k: bots.append(load(*a, **k)) or bots[-1])
    with eager_execution():
        open_source(str(released_dir))
        open_source(str(released_dir), {"rerank": None, "candidates": 2})
    own = read_search_defaults(released_dir)
    assert bots[0]._search({}) == search_config({}, own)
    assert bots[1]._search({}) == search_config({"rerank": None, "candidates": 2}, own)


def test_a_saved_model_has_the_search_of_the_model(released_dir, monkeypatch, tmp_path):
    searches = []

    def stop(train_dir, base, version, *, search, **_):
        searches.append((train_dir, search))
        raise InputError("stop")

    monkeypatch.setattr("export.saved_model.__main__.export_saved_model", stop)
    monkeypatch.setattr(released, "PRETRAINED", released_dir.parent)
    for flags in (["--model", "zh"], ["--train_dir", released_dir, "--decoder", "greedy"]):
        with pytest.raises(InputError, match="stop"):
            export_saved_model([*map(str, flags), "--output", str(tmp_path / "base")])
    own = read_search_defaults(released_dir)
    assert searches == [
        (released_dir, search_config({}, own)),
        (released_dir, search_config({"decoder": "greedy"}, own)),
    ]


def test_a_released_model_can_be_released_again(released_dir, tmp_path, capsys):
    output = tmp_path / "again"
    write("--train_dir", released_dir, "--output", output, "--weights", "int8", "--no-block_words")
    settings = json.loads((output / "search.json").read_text())
    assert settings["rerank"] == "classifier" and "block_words" not in settings
    assert not (output / "block_words.txt").exists()
    size = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    printed = capsys.readouterr().out
    assert printed.startswith(f"{output}: {size / 1e6:.1f} MB (assets ")
    assert "search: best of 4 samples" in printed


def test_a_model_without_search_settings(trained, tmp_path):
    write("--train_dir", trained, "--output", tmp_path / "plain")
    assert {path.name for path in (tmp_path / "plain").iterdir()} == {
        *("config.json", "assets", "model.weights.npz", "manifest.json")
    }
    assert search_config({}, read_search_defaults(tmp_path / "plain")) == SearchConfig()


def test_an_existing_model_is_replaced_only_on_request(trained, tmp_path):
    output = tmp_path / "out"
    write("--train_dir", trained, "--output", output)
    (output / "old").touch()
    with pytest.raises(InputError, match="exists already; --overwrite replaces it"):
        write("--train_dir", trained, "--output", output)
    with pytest.raises(InputError, match="expected a directory other than the model's, got"):
        write("--train_dir", output, "--output", output, "--overwrite")
    assert (output / "old").exists()
    write("--train_dir", trained, "--output", output, "--overwrite")
    assert not (output / "old").exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--rerank", "{inputs}/nothing"), "nothing: no such directory"),
        (("--rerank", "{inputs}/judge", "--decoder", "greedy"), "rerank: expected a search with"),
        (("--block_words", "{inputs}/nothing"), "nothing: no such file"),
        (("--card", "{inputs}/nothing"), "nothing: no such file"),
        (("--rerank", "{two}"), "categories"),
    ],
)
def test_wrong_input_leaves_nothing(trained, inputs, tmp_path, flags, message):
    two = tmp_path / "two"
    if "{two}" in flags:
        two.mkdir()
        fake_classifier.make(two, Emotions(list(DEFAULT)[:2]))
    flags = [flag.format(inputs=inputs, two=two) for flag in flags]
    with pytest.raises(InputError, match=message):
        write("--train_dir", trained, "--output", tmp_path / "new" / "out", *flags)
    assert not (tmp_path / "new").exists()
