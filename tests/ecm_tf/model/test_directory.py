"""Saving and loading model directories."""

import dataclasses
import errno
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from ecm_tf.config import ModelConfig
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import read_manifest, sha256
from ecm_tf.model import ECM
from ecm_tf.model import directory as model_directory
from ecm_tf.model.directory import load_model, new_model, save_model
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.emotions import DEFAULT
from ecm_tf.text.vocabulary import SPECIALS

ASSETS = TextAssets(
    post_words=[*SPECIALS, "猫", "狗"],
    response_words=[*SPECIALS, "喜欢", "讨厌", "好"],
    emotions=DEFAULT,
    external_memory=[[], ["喜欢", "好"], [], ["讨厌"], [], ["好"]],
    normalize_digits=True,
    tokenizer_model=None,
)


def config(**fields):
    return ModelConfig(6, 7, 6, size=4, num_layers=1, embedding_size=3, imemory_size=5, **fields)


def save(directory, model, assets=ASSETS):
    save_model(directory, model, assets, settings={"a": 1}, counts={"step": 3}, sources={"d": "x"})


@pytest.fixture
def saved(tmp_path):
    model = new_model(config(use_emb=True, use_imemory=True, use_ememory=True), ASSETS)
    save(tmp_path / "model", model)
    return tmp_path / "model", model


def test_a_new_model_has_the_emotion_words():
    model = new_model(config(use_ememory=True), ASSETS)
    np.testing.assert_array_equal(
        model.vocabulary_output.emotion_words,
        [
            [0, 0, 0, 0, 0, 0, 0],
            [0, 0, 0, 0, 1, 0, 1],
            [0, 0, 0, 0, 0, 0, 0],
            [0, 0, 0, 0, 0, 1, 0],
            [0, 0, 0, 0, 0, 0, 0],
            [0, 0, 0, 0, 0, 0, 1],
        ],
    )


@pytest.mark.parametrize("modules", [{}, {"use_emb": True, "use_imemory": True}])
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_round_trip(tmp_path, modules, dtype):
    model = new_model(config(**modules, buckets=((5, 6),)), ASSETS, dtype=dtype)
    save(tmp_path / "new" / "model", model)
    loaded, assets = load_model(tmp_path / "new" / "model")
    assert loaded.config == model.config
    assert assets == ASSETS
    assert loaded.compute_dtype == "float32"
    for ours, theirs in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_manifest(saved):
    directory, _ = saved
    manifest = read_manifest(directory, "model")
    assert (manifest["settings"], manifest["counts"]) == ({"a": 1}, {"step": 3})
    assert manifest["files"]["model.weights.h5"] == sha256(directory / "model.weights.h5")
    names = {str(p.relative_to(directory)) for p in directory.rglob("*") if p.is_file()}
    assert names == {*manifest["files"], "manifest.json"}


def test_saving_again_replaces_the_model_and_keeps_other_files(saved):
    directory, _ = saved
    (directory / "run.json").write_text("run")
    other = ECM(config())
    save(directory, other)
    loaded, _ = load_model(directory)
    np.testing.assert_array_equal(loaded.get_weights()[0], other.get_weights()[0])
    assert loaded.config.variant == "Seq2Seq"
    assert (directory / "run.json").read_text() == "run"


class FailAt:
    """Makes the `number`th call that writes to disk fail as if the disk were full."""

    WRITES = (
        (Path, "mkdir"),
        (Path, "write_text"),
        (Path, "write_bytes"),
        (Path, "rename"),
        (ECM, "save_weights"),
        (os, "fsync"),
        (os, "replace"),
    )

    def __init__(self, number, monkeypatch):
        self.number, self.calls = number, 0
        for owner, name in self.WRITES:
            monkeypatch.setattr(owner, name, self._failing(getattr(owner, name)))

    def _failing(self, write):
        def call(*arguments, **keywords):
            self.calls += 1
            if self.calls == self.number:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return write(*arguments, **keywords)

        return call


def test_a_full_disk_at_any_write_leaves_a_usable_model(saved, monkeypatch):
    """The old one, or the new one once all of it is on the disk."""
    directory, old = saved
    new = ECM(config())
    backup = shutil.copytree(directory, directory.with_name("backup"))
    for number in range(1, 100):
        shutil.rmtree(directory)
        shutil.copytree(backup, directory)
        with monkeypatch.context() as patch:
            disk = FailAt(number, patch)
            try:
                save(directory, new)
            except OSError as error:
                assert error.errno == errno.ENOSPC
        loaded, _ = load_model(directory)
        expected = {"ECM": old, "Seq2Seq": new}[loaded.config.variant]
        for ours, theirs in zip(expected.get_weights(), loaded.get_weights(), strict=True):
            np.testing.assert_array_equal(ours, theirs)
        hidden = [path.name for path in directory.iterdir() if path.name.startswith(".")]
        assert hidden == [], f"after failure {number}"
        if disk.calls < number:
            assert expected is new
            return
    raise AssertionError("saving never succeeded")


def killed_at_the_second(replace):
    """`replace`, which a signal interrupts when the second file of the staging directory moves."""
    moved = []

    def call(source, target):
        if ".complete-" in str(source):
            moved.append(source)
        if len(moved) == 2:
            raise KeyboardInterrupt
        return replace(source, target)

    return call


def test_a_killed_save_is_finished_or_forgotten(saved, monkeypatch):
    """A process that is killed cannot clean up: its hidden directory stays."""
    directory, _ = saved
    (directory / ".partial-1").mkdir()
    (directory / ".partial-1" / "model.weights.h5").write_text("half")
    load_model(directory)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(os, "replace", killed_at_the_second(os.replace))
        save(directory, ECM(config()))
    assert any(path.name.startswith(".complete-") for path in directory.iterdir())
    assert load_model(directory)[0].config.variant == "Seq2Seq"
    assert {path.name for path in directory.iterdir()} == {
        "assets", "config.json", "manifest.json", "model.weights.h5"
    }  # fmt: skip


def test_a_model_that_is_replaced_while_it_is_read_is_read_again(saved, monkeypatch):
    directory, _ = saved
    verify_files = model_directory.verify_files

    def replaced_before(*arguments):
        monkeypatch.setattr(model_directory, "verify_files", verify_files)
        save(directory, ECM(config()))
        verify_files(*arguments)

    monkeypatch.setattr(model_directory, "verify_files", replaced_before)
    assert load_model(directory)[0].config.variant == "Seq2Seq"


def test_a_missing_directory_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such directory"):
        load_model(tmp_path / "nothing")


def test_a_dataset_directory_is_refused(dataset):
    with pytest.raises(InputError, match="expected kind 'model'"):
        load_model(dataset)


@pytest.mark.parametrize(
    "name", ["config.json", "model.weights.h5", "assets/text.json", "assets/emotions.json"]
)
@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_a_damaged_file_is_named(saved, name, damage):
    directory, _ = saved
    if damage == "missing":
        (directory / name).unlink()
    else:
        content = (directory / name).read_bytes()
        (directory / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(InputError) as caught:
        load_model(directory)
    assert name in str(caught.value)
    assert str(directory) in str(caught.value)


@pytest.mark.parametrize("content", ["other sizes", b"not HDF5"])
def test_weights_of_another_model_are_refused(saved, tmp_path, content):
    """Even if the manifest lists their hash."""
    directory, _ = saved
    weights = directory / "model.weights.h5"
    if isinstance(content, bytes):
        weights.write_bytes(content)
    else:
        other = dataclasses.replace(
            config(use_emb=True, use_imemory=True, use_ememory=True), size=5
        )
        save(tmp_path / "other", ECM(other))
        shutil.copy(tmp_path / "other" / "model.weights.h5", weights)
    manifest = json.loads((directory / "manifest.json").read_text())
    manifest["files"]["model.weights.h5"] = sha256(weights)
    (directory / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(InputError, match=r"model\.weights\.h5: expected the weights") as caught:
        load_model(directory)
    assert "\n" not in str(caught.value)
