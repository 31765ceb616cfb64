"""Version directories: their content, their numbers, and exports that fail."""

import json
import shutil
from pathlib import Path

import keras
import pytest
import tensorflow as tf
from exported import BEAM_SIZE, N_BEST, POSTS
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

from ecm_tf.config import SearchConfig
from ecm_tf.core.errors import InputError
from ecm_tf.text.emotions import DEFAULT
from export.ask import main as ask
from export.saved_model.exporter import export_saved_model
from export.saved_model.model_info import (
    MODEL_INFO,
    OLD_MODEL_INFO,
    find_model_info,
    read_model_info,
)
from export.saved_model.warmup import WARMUP_REQUESTS

pytestmark = pytest.mark.xdist_group("saved_model")


def test_first_version_is_1(exported_base):
    assert [path.name for path in exported_base.iterdir()] == ["1"]


def test_existing_version_is_refused_and_kept(model_dir, exported_base):
    before = (exported_base / "1" / "saved_model.pb").read_bytes()
    with pytest.raises(InputError, match="this version exists"):
        export_saved_model(model_dir, exported_base, 1)
    assert (exported_base / "1" / "saved_model.pb").read_bytes() == before


def test_a_file_as_output_is_refused_before_the_model_is_loaded(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file: expected a directory, got a file"):
        export_saved_model(tmp_path / "no model", tmp_path / "file")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_best": 5, "search": SearchConfig(beam_size=4)}, r"n_best: expected 1 to 4, .*got 5"),
        ({"n_best": 0}, "n_best: expected 1 to 1, .*got 0"),
        ({"version": 0}, "--version: expected a number from 1 to 9223372036854775807, got 0"),
        ({"version": 2**63}, "--version: expected a number from 1 to .*, got 9223372036854775808"),
        ({"version": -1}, "--version: expected a number from 1 to .*, got -1"),
    ],
)
def test_numbers_out_of_range_are_refused(model_dir, tmp_path, arguments, message):
    with pytest.raises(InputError, match=message):
        export_saved_model(model_dir, tmp_path / "base", **arguments)
    assert not (tmp_path / "base").exists()


def test_warmup_requests_cover_every_signature(exported_base, load_signatures):
    signatures = load_signatures(exported_base / "1")
    records = tf.data.TFRecordDataset(str(exported_base / "1" / WARMUP_REQUESTS))
    requests = [PredictionLog.FromString(record.numpy()).predict_log.request for record in records]
    assert {request.model_spec.signature_name for request in requests} == set(signatures)
    for request in requests:
        inputs = {name: tf.constant(tf.make_ndarray(t)) for name, t in request.inputs.items()}
        (batch,) = {len(value) for value in inputs.values()}
        outputs = signatures[request.model_spec.signature_name](**inputs)
        assert {value.shape[0] for value in outputs.values()} == {batch}
    assert len(requests) == 2 * len(signatures) <= 1000


def test_model_info_describes_the_model(exported_base, model_dir):
    info = json.loads((exported_base / "1" / MODEL_INFO).read_text(encoding="utf-8"))
    assert info == read_model_info(exported_base / "1")
    assert [category["name"] for category in info["categories"]] == DEFAULT.names
    manifest = json.loads((model_dir / "manifest.json").read_text())
    assert info["made_from"] == manifest["sources"] and len(info["made_from"]["dataset"]) == 64
    assert info["metrics"] == manifest["counts"]
    assert info["variant"] == "ECM"
    assert info["search"]["name"] == "greedy"
    assert info["search"]["n_best"] == N_BEST
    assert info["n_best_search"]["name"] == f"beam {BEAM_SIZE}"
    assert info["sizes"]["size"] == 8
    assert info["versions"]["tensorflow"] == tf.__version__


def test_model_info_is_also_read_under_its_old_name(exported_base, tmp_path):
    with pytest.raises(InputError, match=r"expected assets.extra/model_info.json, got none"):
        read_model_info(tmp_path)
    assert find_model_info(tmp_path) is None
    (tmp_path / OLD_MODEL_INFO).parent.mkdir()
    shutil.copy(exported_base / "1" / MODEL_INFO, tmp_path / "assets.extra" / "model_card.json")
    assert read_model_info(tmp_path) == read_model_info(exported_base / "1")


@pytest.mark.parametrize("content", ["{", "[1]"])
def test_damaged_model_info_is_reported(content, exported_base, tmp_path):
    (tmp_path / MODEL_INFO).parent.mkdir()
    (tmp_path / MODEL_INFO).write_text(content)
    shutil.copy(exported_base / "1" / "saved_model.pb", tmp_path)
    for read in (find_model_info, read_model_info, lambda path: ask([str(path), POSTS[0]])):
        with pytest.raises(InputError, match=r"model_info\.json: expected the description of an "):
            read(tmp_path)


def test_unfinished_model_directory_is_refused(model_dir, tmp_path):
    unfinished = shutil.copytree(model_dir, tmp_path / "model")
    (unfinished / "manifest.json").unlink()
    with pytest.raises(InputError, match="expected a finished model directory"):
        export_saved_model(unfinished, tmp_path / "base")
    assert not (tmp_path / "base").exists()


def test_failed_export_leaves_no_files(model_dir, tmp_path, monkeypatch):
    def fail(self, path, **_):
        (Path(path) / "saved_model.pb").write_bytes(b"half")
        raise OSError("disk full")

    archive = type(keras.export.ExportArchive())  # the subclass of the TensorFlow backend
    monkeypatch.setattr(archive, "write_out", fail)
    monkeypatch.setattr(archive, "add_endpoint", lambda *_, **__: None)
    with pytest.raises(OSError, match="disk full"):
        export_saved_model(model_dir, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_ask_prints_one_reply_per_emotion(exported_base, capsys):
    ask([str(exported_base / "1"), POSTS[0], POSTS[3]])
    lines = capsys.readouterr().out.splitlines()
    assert [lines[0], lines[7]] == [POSTS[0], POSTS[3]]
    for replies in (lines[1:7], lines[8:]):
        assert [line.split(": ", 1)[0] for line in replies] == DEFAULT.names


def test_ask_requires_a_saved_model(exported_base):
    with pytest.raises(InputError, match="expected a SavedModel directory"):
        ask([str(exported_base), POSTS[0]])
