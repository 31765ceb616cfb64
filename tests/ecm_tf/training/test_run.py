"""`python -m ecm_tf.train`: the files of a run, and resuming it."""

import csv
import dataclasses
import json
import math
import os
import shutil
from unittest import mock

import h5py
import numpy as np
import pytest
import tensorflow as tf
from eager_runs import eager_execution, without_pictures
from lock_holder import lock_holder

from ecm_tf.core import command
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import read_manifest, sha256, verify_files
from ecm_tf.data.batches import evaluation_batches
from ecm_tf.data.records import serialize_pair
from ecm_tf.model.directory import load_model, save_model
from ecm_tf.model.perplexity import PerplexityMeter
from ecm_tf.text.vocabulary import SPECIALS
from ecm_tf.train import main
from ecm_tf.training.callbacks import Evaluation
from ecm_tf.training.checkpoints import KEPT, Checkpoints

SMALL = {
    "size": 8,
    "num_layers": 1,
    "embedding_size": 6,
    "emotion_size": 5,
    "imemory_size": 7,
    "batch_size": 4,
    "optimizer": "adam",
    "learning_rate": 0.01,
    "epochs": 1,
    "steps_per_checkpoint": 2,
    "buckets": "5,5",
}
"""Ten pairs are three steps per epoch, so evaluations are at the steps 0, 2, 3, 4, 6, …"""

ALL = ("use_emb", "use_imemory", "use_ememory")
VARIANTS = {
    (): "Seq2Seq",
    ("use_emb",): "Emb",
    ("use_imemory",): "IMem alone",
    ("use_ememory",): "EMem alone",
    ("use_emb", "use_imemory"): "ECM w/o EMem",
    ("use_emb", "use_ememory"): "ECM w/o IMem",
    ("use_imemory", "use_ememory"): "ECM w/o Emb",
    ALL: "ECM",
}


def train(dataset, train_dir, modules=ALL, **flags):
    settings = {"dataset": dataset, "train_dir": train_dir, **SMALL, **flags}
    switches = [f"--{name}" for name in modules]
    switches += [f"--{name}" for name, value in settings.items() if value is True]
    valued = [(f"--{name}", str(v)) for name, v in settings.items() if v is not True]
    main([*switches, *(word for flag in valued for word in flag)])


def edit_manifest(directory, edit):
    """Edits the manifest; the digests become those of the files as they are."""
    manifest = json.loads((directory / "manifest.json").read_text())
    edit(manifest)
    manifest["files"] = {name: sha256(directory / name) for name in manifest["files"]}
    (directory / "manifest.json").write_text(json.dumps(manifest))


@pytest.fixture
def eagerly():
    with eager_execution():
        yield


@pytest.fixture(scope="module")
def dataset(dataset, tmp_path_factory):
    """The ten pairs, of which the first four are the dev split: a single batch."""
    smaller = shutil.copytree(dataset, tmp_path_factory.mktemp("smaller") / "dataset")
    (path,) = smaller.glob("dev-*.tfrecord")
    records = list(tf.data.TFRecordDataset(str(path)).take(4))
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record.numpy())
    edit_manifest(smaller, lambda manifest: manifest["counts"]["pairs"].update(dev=4))
    return smaller


@pytest.fixture(scope="module")
def finished(dataset, tmp_path_factory):
    """A run of two epochs without interruption, of a model with all modules."""
    train_dir = tmp_path_factory.mktemp("finished") / "model"
    with eager_execution(pictures=True):
        train(dataset, train_dir, epochs=2)
    return train_dir


@pytest.fixture
def copied(finished, tmp_path):
    """A copy of the finished run, which a test may continue."""
    return shutil.copytree(finished, tmp_path / "model")


def history(train_dir):
    """Returns the rows of the CSV file without their seconds."""
    with (train_dir / "history.csv").open(newline="") as file:
        return [
            {name: float(value) for name, value in row.items() if name != "seconds"}
            for row in csv.DictReader(file)
        ]


def assert_same_history(train_dir, other, rows_of_other=None):
    rows, others = history(train_dir), history(other)[:rows_of_other]
    assert [row["step"] for row in rows] == [row["step"] for row in others]
    for row, expected in zip(rows, others, strict=True):
        assert row == pytest.approx(expected, rel=1e-5, nan_ok=True)


def stored(path):
    """Returns the arrays of an HDF5 file by name."""
    arrays = {}
    with h5py.File(path) as file:
        file.visititems(
            lambda name, entry: (
                arrays.update({name: entry[()]}) if isinstance(entry, h5py.Dataset) else None
            )
        )
    return arrays


def checkpoint(train_dir, step):
    return stored(train_dir / "checkpoints" / f"step-{step:08d}" / "training.weights.h5")


def assert_same_weights(weights, expected, **tolerance):
    assert weights.keys() == expected.keys()
    for name, value in weights.items():
        np.testing.assert_allclose(value, expected[name], err_msg=name, **tolerance)


def test_files_of_a_run(finished, dataset):
    assert {path.name for path in finished.iterdir()} == {
        ".lock",
        "assets",
        "checkpoints",
        "config.json",
        "history.csv",
        "learning_curve.png",
        "logs",
        "manifest.json",
        "model.weights.h5",
        "run.json",
    }
    assert (finished / "learning_curve.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert any("tfevents" in path.name for path in (finished / "logs").iterdir())
    assert sorted(path.name for path in (finished / "checkpoints").iterdir()) == [
        "step-00000003", "step-00000004", "step-00000006"
    ]  # fmt: skip
    assert len(Checkpoints(finished).steps) <= KEPT
    run = json.loads((finished / "run.json").read_text())
    assert run["dataset"] == sha256(dataset / "manifest.json")
    assert (run["model"]["size"], run["training"]["epochs"]) == (8, 2)


def test_the_history_has_every_evaluation(finished):
    rows = history(finished)
    assert [row["step"] for row in rows] == [0, 2, 3, 4, 6]
    assert [row["epoch"] for row in rows] == pytest.approx([0, 2 / 3, 1, 4 / 3, 2])
    assert math.isnan(rows[0]["train_loss"])
    assert all(math.isfinite(value) for row in rows[1:] for value in row.values())
    assert rows[-1]["dev_perplexity"] < rows[0]["dev_perplexity"]


def test_the_model_directory_holds_the_best_model_and_its_assets(finished):
    manifest = read_manifest(finished, "model")
    verify_files(finished, manifest)
    assert set(manifest["files"]) == {
        "config.json",
        "model.weights.h5",
        "assets/emotions.json",
        "assets/external_memory.json",
        "assets/post_vocabulary.txt",
        "assets/response_vocabulary.txt",
        "assets/text.json",
        "assets/tokenizer.model",
    }
    best = min(history(finished), key=lambda row: row["dev_perplexity"])
    assert manifest["counts"]["step"] == best["step"]
    assert manifest["counts"]["dev_perplexity"] == pytest.approx(best["dev_perplexity"])
    model, _ = load_model(finished)
    weights = stored(finished / "model.weights.h5")
    assert best["step"] == 6
    at_best = checkpoint(finished, 6)
    assert_same_weights(weights, {name: at_best[name] for name in weights}, rtol=0)
    assert {array.dtype for array in weights.values()} == {np.dtype("float32")}
    assert model.config.variant == "ECM"


@pytest.mark.parametrize(("stop", "resumed"), [(1, 0), (4, 4), (5, 4)])
def test_an_interrupted_run_resumes_to_the_same_result(
    stop, resumed, dataset, finished, tmp_path, eagerly, monkeypatch, capsys, recwarn
):
    """A run is interrupted before its first step is saved, right after a checkpoint, or later."""
    on_train_batch_end = Evaluation.on_train_batch_end

    def interrupt(self, batch, logs=None):
        on_train_batch_end(self, batch, logs)
        if self.step == stop:
            raise KeyboardInterrupt

    train_dir = tmp_path / "model"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Evaluation, "on_train_batch_end", interrupt)
        train(dataset, train_dir, epochs=2)
    assert Checkpoints(train_dir).steps[-1] == resumed
    load_model(train_dir)  # the best model so far can be used at any time
    capsys.readouterr()
    recwarn.clear()
    train(dataset, train_dir, epochs=2)
    assert f"resuming from the checkpoint of step {resumed}\n" in capsys.readouterr().out
    # Keras warns if it skips variables of the optimizer.
    assert not [warning for warning in recwarn if "optimizer" in str(warning.message)]
    assert_same_history(train_dir, finished)
    assert_same_weights(checkpoint(train_dir, 6), checkpoint(finished, 6), rtol=1e-5, atol=1e-7)


def test_resuming_from_an_older_checkpoint(copied, finished, dataset, eagerly, capsys):
    train(dataset, copied, epochs=2, load_model=3)
    assert "resuming from the checkpoint of step 3\n" in capsys.readouterr().out
    assert_same_history(copied, finished)
    assert_same_weights(checkpoint(copied, 6), checkpoint(finished, 6), rtol=1e-5, atol=1e-7)


def test_resuming_in_a_graph(dataset, tmp_path, capsys):
    """Graphs, mixed precision and all options: resuming repeats the run exactly."""
    train_dir, resumed = tmp_path / "model", tmp_path / "resumed"
    flags = {"mixed_precision": "float16", "epochs": 2, "dropout": 0.2, "label_smoothing": 0.1}
    flags |= {"bidirectional_encoder": True, "tie_embeddings": True, "ema_momentum": 0.5}
    with without_pictures():
        train(dataset, train_dir, **flags)
        shutil.copytree(train_dir, resumed)
        capsys.readouterr()
        train(dataset, resumed, load_model=3, **flags)
    assert "resuming from the checkpoint of step 3\n" in capsys.readouterr().out
    assert [row["step"] for row in history(resumed)] == [0, 2, 3, 4, 6]
    assert_same_history(resumed, train_dir)
    assert_same_weights(checkpoint(resumed, 6), checkpoint(train_dir, 6), rtol=0)
    # The step counter of the inner optimizer, behind the loss scaling, is restored too.
    optimizer = {
        name: array
        for name, array in checkpoint(resumed, 6).items()
        if name.startswith("optimizer/")
    }
    counts = [int(array) for array in optimizer.values() if array.dtype.kind == "i"]
    assert 6 in counts
    assert_trained_in_mixed_precision(resumed)


def test_averaged_weights_are_evaluated_and_saved(dataset, finished, tmp_path, eagerly):
    """Checkpoints hold the weights of the steps, which are those of a run without averages."""
    train_dir = tmp_path / "model"
    train(dataset, train_dir, ema_momentum=0.75, steps_per_checkpoint=1)
    steps = [checkpoint(train_dir, step) for step in (1, 2, 3)]
    saved = stored(train_dir / "model.weights.h5")
    assert read_manifest(train_dir, "model")["counts"]["step"] == 3
    for name, value in saved.items():
        first, second, third = (weights[name] for weights in steps)
        average = 0.75 * (0.75 * first + 0.25 * second) + 0.25 * third
        np.testing.assert_allclose(value, average, rtol=1e-5, atol=1e-6, err_msg=name)
    model, _ = load_model(train_dir)
    dev = evaluation_batches(dataset, "dev", model.config, 4)
    rows = history(train_dir)
    assert PerplexityMeter(model).measure(dev).token == pytest.approx(rows[3]["dev_perplexity"])
    # The second epoch continues from the weights, not from their averages.
    train(dataset, train_dir, ema_momentum=0.75, steps_per_checkpoint=1, epochs=2)
    weights, expected = checkpoint(train_dir, 6), checkpoint(finished, 6)
    for name in saved:
        np.testing.assert_allclose(weights[name], expected[name], rtol=1e-5, atol=1e-6)


def test_a_run_without_averages_cannot_get_them(copied, dataset, eagerly):
    """Not even one of an earlier version, which did not record the setting."""
    run = json.loads((copied / "run.json").read_text())
    del run["training"]["ema_momentum"]
    (copied / "run.json").write_text(json.dumps(run))
    with pytest.raises(InputError, match=r"ema_momentum was 0\.0, is 0\.9\."):
        train(dataset, copied, epochs=3, ema_momentum=0.9)


def test_a_missing_checkpoint_is_refused(copied, dataset, eagerly):
    with pytest.raises(InputError, match=r"\[3, 4, 6\], got 5\.$"):
        train(dataset, copied, epochs=2, load_model=5)
    assert Checkpoints(copied).steps == [3, 4, 6]


def test_rewinding_deletes_later_checkpoints(copied):
    checkpoints = Checkpoints(copied)
    with pytest.raises(InputError, match=r"\[3, 4, 6\], got 5\.$"):
        checkpoints.rewind(5)
    weights = copied / "checkpoints" / "step-00000003" / "training.weights.h5"
    content = weights.read_bytes()
    weights.write_bytes(content[:100])
    with pytest.raises(InputError, match="step-00000003"):
        checkpoints.rewind(3)
    assert checkpoints.steps == [3, 4, 6], "a damaged checkpoint is not the only one left"
    weights.write_bytes(content)
    checkpoints.rewind(4)
    assert checkpoints.steps == [3, 4]


def test_a_damaged_checkpoint_is_skipped(copied, finished, dataset, eagerly, capsys):
    """The newest was cut off; the one before is from before checkpoints had digests."""
    newest = copied / "checkpoints" / "step-00000006" / "training.weights.h5"
    shutil.copytree(newest.parent, newest.parent.with_name("step-00000006.bak"))
    (copied / "checkpoints" / "step-00000004" / "manifest.json").unlink()
    os.truncate(newest, newest.stat().st_size // 2)
    model = (copied / "model.weights.h5").read_bytes()
    train(dataset, copied, epochs=2)
    printed = capsys.readouterr().out
    assert "step-00000006: the checkpoint is damaged (" in printed
    assert "resuming from the checkpoint of step 4\n" in printed
    assert_same_history(copied, finished)
    assert_same_weights(checkpoint(copied, 6), checkpoint(finished, 6), rtol=1e-5, atol=1e-7)
    # The best model was of the step whose checkpoint was damaged.
    assert (copied / "model.weights.h5").read_bytes() == model


@pytest.mark.parametrize("step", [None, 6])
def test_only_damaged_checkpoints_are_refused(step, copied, dataset, eagerly):
    """A checkpoint that is asked for is not replaced by another, and nothing is deleted."""
    for path in (copied / "checkpoints").iterdir():
        if step is None or path.name == "step-00000006":
            os.truncate(path / "training.weights.h5", 100)
    flags = {} if step is None else {"load_model": step}
    with pytest.raises(InputError, match=r"step-0000000\d: expected a checkpoint to resume from; "):
        train(dataset, copied, epochs=2, **flags)
    assert Checkpoints(copied).steps == [3, 4, 6]


def test_a_second_run_on_the_same_train_dir_is_refused(copied, dataset, eagerly):
    """A process that holds the lock and is killed does not leave the directory locked."""
    held = lock_holder("ecm_tf.training.lock", "module.exclusive(path)", copied)
    with held, pytest.raises(InputError, match="expected a directory that no other run uses"):
        train(dataset, copied, epochs=2)
    train(dataset, copied, epochs=2)


@pytest.mark.parametrize("change", ["a byte", "another file"])
def test_a_changed_dataset_is_refused(change, dataset, tmp_path, eagerly):
    tampered = shutil.copytree(dataset, tmp_path / "dataset")
    (path,) = tampered.glob("train-*.tfrecord")
    content = path.read_bytes()
    if change == "a byte":
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    else:
        path = path.with_name("train-99999.tfrecord")
        path.write_bytes(content)
    with pytest.raises(InputError, match=path.name):
        train(tampered, tmp_path / "model")
    assert not (tmp_path / "model").exists()
    if change == "another file":
        main_flags = {"batch_size": 10, "no-verify_dataset": True}
        train(tampered, tmp_path / "model", (), **main_flags)


def test_more_epochs_continue_a_finished_run(copied, finished, dataset, eagerly):
    train(dataset, copied, epochs=3)
    rows = history(copied)
    assert [row["step"] for row in rows] == [0, 2, 3, 4, 6, 8, 9]
    assert rows[1:5] == history(finished)[1:]
    assert json.loads((copied / "run.json").read_text())["training"]["epochs"] == 3


def test_a_finished_run_is_not_changed(copied, finished, dataset, eagerly):
    train(dataset, copied, epochs=2)
    for name in ("history.csv", "model.weights.h5", "manifest.json", "run.json"):
        assert (copied / name).read_bytes() == (finished / name).read_bytes()


def test_a_trained_model_without_its_checkpoints_is_not_replaced(copied, dataset, eagerly):
    shutil.rmtree(copied / "checkpoints")
    before = (copied / "model.weights.h5").read_bytes()
    with pytest.raises(InputError, match="got only the model of step 6; choose another"):
        train(dataset, copied, epochs=3)
    assert (copied / "model.weights.h5").read_bytes() == before


def test_history_that_an_interruption_left_out_is_written(copied, finished, dataset, eagerly):
    """The process died after the last checkpoint; the run has nothing left to train."""
    expected = (finished / "history.csv").read_text()
    lines = expected.splitlines(keepends=True)
    (copied / "history.csv").write_text("".join(lines[:-1]))
    train(dataset, copied, epochs=2)
    assert (copied / "history.csv").read_text() == expected


def test_the_time_of_a_resumed_run_goes_on(copied, dataset, eagerly):
    """In the history of its checkpoint, the run has taken an hour."""
    progress = copied / "checkpoints/step-00000006/progress.json"
    rows = json.loads(progress.read_text())
    rows[-1]["seconds"] = 3600.0
    progress.write_text(json.dumps(rows))
    edit_manifest(progress.parent, lambda manifest: None)
    train(dataset, copied, epochs=3)
    with (copied / "history.csv").open(newline="") as file:
        *_, before, first, second = [float(row["seconds"]) for row in csv.DictReader(file)]
    assert before == 3600 < first <= second


@pytest.mark.parametrize("text", ["{", "[]"])
def test_damaged_settings_of_a_run_are_refused(text, copied, dataset, eagerly):
    (copied / "run.json").write_text(text)
    shutil.rmtree(copied / "checkpoints")
    with pytest.raises(InputError, match=r"run\.json: expected the settings of a run"):
        train(dataset, copied, epochs=2)


def test_the_seed_determines_the_run(dataset, finished, tmp_path, eagerly):
    train(dataset, tmp_path / "same")
    assert_same_history(tmp_path / "same", finished, rows_of_other=3)
    assert_same_weights(
        checkpoint(tmp_path / "same", 3), checkpoint(finished, 3), rtol=1e-5, atol=1e-7
    )
    train(dataset, tmp_path / "other", seed=1, batch_size=10)
    assert history(tmp_path / "other")[0] != pytest.approx(history(finished)[0], nan_ok=True)


@pytest.mark.parametrize("modules", VARIANTS)
def test_every_choice_of_modules_trains(modules, dataset, tmp_path, eagerly, capsys):
    train(dataset, tmp_path / "model", modules, batch_size=10)
    printed = capsys.readouterr().out
    assert printed.startswith("devices: ")
    assert f"\ntraining {VARIANTS[modules]} (" in printed
    start, end = history(tmp_path / "model")
    assert math.isfinite(end["train_loss"])
    assert end["dev_perplexity"] < start["dev_perplexity"]
    model, _ = load_model(tmp_path / "model")
    config = model.config
    assert [name for name in ALL if getattr(config, name)] == list(modules)


def assert_trained_in_mixed_precision(train_dir):
    rows = history(train_dir)
    start, end = rows[0], rows[-1]
    assert start["learning_rate"] == end["learning_rate"] == pytest.approx(0.01)
    assert math.isfinite(end["train_loss"])
    assert end["dev_perplexity"] < start["dev_perplexity"]
    assert {a.dtype.name for a in stored(train_dir / "model.weights.h5").values()} == {"float32"}
    model, _ = load_model(train_dir)
    assert model.compute_dtype == "float32"


def test_mixed_precision_bfloat16(dataset, tmp_path, eagerly):
    """`test_resuming_in_a_graph` trains in float16."""
    train(dataset, tmp_path / "model", mixed_precision="bfloat16", batch_size=10)
    assert_trained_in_mixed_precision(tmp_path / "model")


def test_changed_settings_are_refused(copied, dataset, capsys):
    before = {path: path.read_bytes() for path in copied.rglob("*") if path.is_file()}
    with pytest.raises(SystemExit) as ended:
        command.run(lambda: train(dataset, copied, ("use_emb",), size=9, epochs=2))
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {copied}: ")
    for change in ("size was 8, is 9", "use_imemory was True, is False"):
        assert change in line
    assert "use_emb" not in line
    assert {path: path.read_bytes() for path in copied.rglob("*") if path.is_file()} == before


def test_another_dataset_is_refused(copied, dataset, tmp_path):
    other = shutil.copytree(dataset, tmp_path / "other")
    edit_manifest(other, lambda manifest: manifest.update(settings={}))
    with pytest.raises(InputError, match="dataset was"):
        train(other, copied, epochs=2)


def test_word_vectors_without_a_word_of_the_dataset_are_refused(dataset, tmp_path):
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("elsewhere 1 2 3 4 5 6\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"vectors\.txt: expected vectors of words of the dataset"):
        train(dataset, tmp_path / "model", word_vectors=vectors)


def test_an_external_memory_without_emotion_words_is_reported(dataset, tmp_path, eagerly, caplog):
    without = shutil.copytree(dataset, tmp_path / "without")
    words = without / "assets/external_memory.json"
    words.write_text(json.dumps([[] for _ in json.loads(words.read_text())]))
    for directory, reported in ((dataset, False), (without, True)):
        caplog.clear()
        train(directory, tmp_path / f"model {reported}", **{"no-verify_dataset": True})
        assert ("has no emotion words" in caplog.text) == reported


def test_a_directory_with_other_files_is_refused(dataset, tmp_path):
    (tmp_path / "thesis.txt").write_text("Do not touch.")
    with pytest.raises(InputError, match="expected a new or empty directory"):
        train(dataset, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("state", ["missing", "unfinished", "a model"])
def test_a_directory_other_than_a_finished_dataset_is_refused(state, dataset, finished, tmp_path):
    directory = tmp_path / "dataset"
    if state == "unfinished":
        shutil.copytree(dataset, directory)
        (directory / "manifest.json").unlink()
    elif state == "a model":
        directory = finished
    with pytest.raises(InputError) as caught:
        train(directory, tmp_path / "model")
    assert str(directory) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        ({"size": 0}, "size"),
        ({"num_layers": 0}, "num_layers"),
        ({"learning_rate": -1}, "learning_rate"),
        ({"epochs": 0}, "epochs"),
        ({"buckets": "9,9 3,3"}, "buckets"),
        ({"load_model": 3, "pretrain_dir": "anywhere"}, "--load_model"),
        ({"load_model": 3}, "--load_model"),
    ],
)
def test_invalid_settings_are_refused(flags, named, dataset, tmp_path):
    with pytest.raises(InputError, match=named):
        train(dataset, tmp_path / "model", **flags)


def test_early_stopping(dataset, tmp_path, eagerly, capsys):
    """With a learning rate this small the dev perplexity does not improve."""
    flags = {"early_stopping": 2, "epochs": 9, "learning_rate": 1e-20, "batch_size": 10}
    train(dataset, tmp_path / "model", (), **flags)
    assert "no better dev perplexity for 2 epochs: stopping\n" in capsys.readouterr().out
    assert [row["step"] for row in history(tmp_path / "model")] == [0, 1, 2]


def test_divergence_is_reported_and_the_best_model_kept(dataset, tmp_path, eagerly):
    train_dir = tmp_path / "model"
    flags = {"optimizer": "sgd", "learning_rate": 1e38, "steps_per_checkpoint": 1}
    with pytest.raises(InputError, match="diverged") as caught:
        train(dataset, train_dir, epochs=3, **flags)
    assert "--learning_rate" in str(caught.value)
    assert "\n" not in str(caught.value)
    model, _ = load_model(train_dir)
    assert all(np.isfinite(weight).all() for weight in model.get_weights())
    best = min(history(train_dir), key=lambda row: row["dev_perplexity"])
    assert f"of step {best['step']:.0f}, is kept" in str(caught.value)


def test_balanced_emotions_skip_absent_ones(dataset, tmp_path, eagerly):
    """The dataset has two of the six emotions; balancing must not wait for the others."""
    two = shutil.copytree(dataset, tmp_path / "dataset")
    (records,) = two.glob("train-*.tfrecord")
    with tf.io.TFRecordWriter(str(records)) as writer:
        for number in range(9):
            pair = {"post": [4, 5], "response": [5], "emotion": 5 if number else 1}
            texts = {"post_text": b"", "response_text": b""}
            writer.write(serialize_pair(**pair, post_emotion=None, **texts))
    edit_manifest(two, lambda manifest: manifest["counts"]["pairs"].update(train=9))
    emotions = [0, 1, 0, 0, 0, 8]
    edit_manifest(two, lambda manifest: manifest["counts"]["emotions"].update(train=emotions))
    train(two, tmp_path / "model", ("use_emb",), balance_emotions=True)
    assert [row["step"] for row in history(tmp_path / "model")] == [0, 2, 3]
    # The vectors of the two emotions were trained, even that of a single pair; the others were not.
    before, after = (
        checkpoint(tmp_path / "model", step)["decoder/emotion_embedding/vars/0"] for step in (0, 3)
    )
    changed = np.abs(after - before).max(1) > 0
    assert changed.tolist() == [False, True, False, False, False, True]


@pytest.fixture(scope="module")
def seq2seq(dataset, tmp_path_factory):
    train_dir = tmp_path_factory.mktemp("seq2seq") / "model"
    with eager_execution():
        train(dataset, train_dir, modules=(), batch_size=10)
    return train_dir


def test_pretraining(seq2seq, dataset, tmp_path, eagerly, capsys):
    train_dir = tmp_path / "model"
    train(dataset, train_dir, pretrain_dir=seq2seq, batch_size=10)
    assert f"loaded from {seq2seq}: " in capsys.readouterr().out
    source = stored(seq2seq / "model.weights.h5")
    start = checkpoint(train_dir, 0)
    for name in (
        "encoder/embedding/vars/0",
        "encoder/cells/gru_cell/vars/0",
        "decoder/embedding/vars/0",
        "decoder/attention/vars/0",
        "decoder/features/vars/0",
    ):
        np.testing.assert_array_equal(start[name], source[name], err_msg=name)
    np.testing.assert_array_equal(
        start["layers/external_memory_output/vars/0"], source["layers/vocabulary_output/vars/0"]
    )
    # A resumed run continues from its own checkpoint, not from the pretrained model.
    train(dataset, train_dir, pretrain_dir=seq2seq, batch_size=10, epochs=2)
    printed = capsys.readouterr().out
    assert "resuming from the checkpoint of step 1" in printed
    assert "loaded from" not in printed


def test_what_a_run_was_initialized_from_is_recorded(seq2seq, dataset, tmp_path, eagerly):
    train_dir, vectors = tmp_path / "model", tmp_path / "vectors.txt"
    words = (dataset / "assets/post_vocabulary.txt").read_text(encoding="utf-8").split()
    vectors.write_text(f"{words[-1]} 1 2 3 4 5 6\n", encoding="utf-8")
    used = {"pretrain_dir": seq2seq, "word_vectors": vectors}
    train(dataset, train_dir, batch_size=10, **used)
    digests = {"pretrain_dir": sha256(seq2seq / "manifest.json"), "word_vectors": sha256(vectors)}
    manifest = read_manifest(train_dir, "model")
    assert manifest["sources"] == {"dataset": sha256(dataset / "manifest.json"), **digests}
    names = {"pretrain_dir": "model", "word_vectors": "vectors.txt"}
    assert manifest["settings"]["initialization"] == names
    run = json.loads((train_dir / "run.json").read_text())
    assert run["initialization"] == names
    assert {name: run[name] for name in digests} == digests
    # On resuming, flags may be left out; the record stays.
    train(dataset, train_dir, batch_size=10, epochs=2)
    resumed = json.loads((train_dir / "run.json").read_text())
    assert {name: resumed[name] for name in digests} == digests
    # Other word vectors than those that the run began with are refused.
    vectors.write_text(f"{words[-1]} 6 5 4 3 2 1\n", encoding="utf-8")
    with pytest.raises(InputError, match="word_vectors was"):
        train(dataset, train_dir, batch_size=10, epochs=3, **used)


def test_a_run_without_a_checkpoint_begins_again(seq2seq, dataset, tmp_path, eagerly, monkeypatch):
    """It was interrupted after `run.json` was written: its initialization is lost."""
    train_dir = tmp_path / "model"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Evaluation, "on_train_begin", mock.Mock(side_effect=KeyboardInterrupt))
        train(dataset, train_dir, batch_size=10, pretrain_dir=seq2seq)
    assert (train_dir / "run.json").is_file() and not Checkpoints(train_dir).steps
    with pytest.raises(InputError, match=r"pretrain_dir was '?[0-9a-f]+'?, is None"):
        train(dataset, train_dir, batch_size=10)
    train(dataset, train_dir, batch_size=10, pretrain_dir=seq2seq)


def test_a_run_of_an_earlier_version_resumes(seq2seq, finished, dataset, tmp_path, eagerly, capsys):
    """It did not record what it was initialized from."""
    train_dir = shutil.copytree(finished, tmp_path / "model")
    run = json.loads((train_dir / "run.json").read_text())
    for name in ("initialization", "pretrain_dir", "word_vectors"):
        del run[name]
    (train_dir / "run.json").write_text(json.dumps(run))
    train(dataset, train_dir, epochs=2, pretrain_dir=seq2seq)
    assert "--pretrain_dir has no effect: the weights are those of" in capsys.readouterr().out
    assert "pretrain_dir" not in json.loads((train_dir / "run.json").read_text())


def test_pretraining_maps_weights_by_word(seq2seq, dataset, tmp_path, eagerly, capsys):
    """The source has as many words, in another order, and one that the dataset does not have."""
    source, assets = load_model(seq2seq)
    post = [*SPECIALS, *assets.post_words[:3:-1]]
    response = [*SPECIALS, "斑马", *assets.response_words[:4:-1]]
    renamed = dataclasses.replace(assets, post_words=post, response_words=response)
    other = tmp_path / "other"
    save_model(other, source, renamed, settings={}, counts={}, sources={})
    train(dataset, tmp_path / "model", pretrain_dir=other, batch_size=10)
    words = len(response) - len(SPECIALS)
    printed = capsys.readouterr().out
    assert f"{other}: weights of {words - 1} of {words} response words" in printed
    assert f"{other}: weights of {len(post) - 4} of {len(post) - 4} post words" in printed
    weights, given = checkpoint(tmp_path / "model", 0), stored(other / "model.weights.h5")
    ids = [post.index(word) for word in assets.post_words]
    name = "encoder/embedding/vars/0"
    np.testing.assert_array_equal(weights[name], given[name][ids])
    known = [id_ for id_, word in enumerate(assets.response_words) if word in response]
    ids = [response.index(assets.response_words[id_]) for id_ in known]
    name = "decoder/embedding/vars/0"
    np.testing.assert_array_equal(weights[name][known], given[name][ids])
    kernel = weights["layers/external_memory_output/vars/0"]
    np.testing.assert_array_equal(
        kernel[:, known], given["layers/vocabulary_output/vars/0"][:, ids]
    )


def test_pretraining_without_a_common_word_is_refused(seq2seq, dataset, tmp_path, eagerly):
    source, assets = load_model(seq2seq)
    foreign = [*SPECIALS, *(f"x{id_}" for id_ in range(4, len(assets.post_words)))]
    renamed = dataclasses.replace(assets, post_words=foreign)
    save_model(tmp_path / "other", source, renamed, settings={}, counts={}, sources={})
    with pytest.raises(InputError, match=r"none of the \d+ is in its vocabulary"):
        train(dataset, tmp_path / "model", pretrain_dir=tmp_path / "other", batch_size=10)
