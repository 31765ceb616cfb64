"""`python -m ecm_tf.train`: what a run leaves, and how it goes on."""

import csv
import json
import math
import shutil
from types import SimpleNamespace

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from ecm_tf.config import ModelConfig, TrainingConfig
from ecm_tf.core import command
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import read_manifest, sha256, verify_files
from ecm_tf.data.records import serialize_pair
from ecm_tf.model import ECM
from ecm_tf.model.directory import load_model
from ecm_tf.train import main
from ecm_tf.training.callbacks import Milestones
from ecm_tf.training.checkpoints import KEPT, Checkpoints
from ecm_tf.training.pretraining import load_pretrained

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
    "buckets": "30,30",
}
"""Ten pairs are three steps an epoch, so milestones are at the steps 0, 2, 3, 4, 6, …"""

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


@pytest.fixture
def eagerly():
    """Runs functions without making graphs of them, which takes longer than these tiny runs."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


pytestmark = pytest.mark.filterwarnings("ignore:Even though the `tf.config:UserWarning")


@pytest.fixture(scope="module")
def finished(dataset, tmp_path_factory):
    """Two epochs without an interruption, of a model with all modules."""
    train_dir = tmp_path_factory.mktemp("finished") / "model"
    tf.config.run_functions_eagerly(True)
    train(dataset, train_dir, epochs=2)
    tf.config.run_functions_eagerly(False)
    return train_dir


@pytest.fixture
def copied(finished, tmp_path):
    """A copy of it, to go on with."""
    return shutil.copytree(finished, tmp_path / "model")


def history(train_dir):
    """The rows of the CSV without their seconds."""
    with (train_dir / "history.csv").open(newline="") as file:
        return [
            {name: float(value) for name, value in row.items() if name != "seconds"}
            for row in csv.DictReader(file)
        ]


def assert_same_history(train_dir, other):
    rows, others = history(train_dir), history(other)
    assert [row["step"] for row in rows] == [row["step"] for row in others]
    for row, wanted in zip(rows, others, strict=True):
        assert row == pytest.approx(wanted, rel=1e-5, nan_ok=True)


def stored(path):
    """Every array of an HDF5 file, by name."""
    arrays = {}
    with h5py.File(path) as file:
        file.visititems(
            lambda name, entry: (
                arrays.update({name: entry[()]}) if isinstance(entry, h5py.Dataset) else None
            )
        )
    return arrays


def last_checkpoint(train_dir):
    return stored(max((train_dir / "checkpoints").iterdir()) / "training.weights.h5")


def assert_same_weights(ours, theirs, **tolerance):
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        np.testing.assert_allclose(value, theirs[name], err_msg=name, **tolerance)


def test_what_a_run_leaves(finished, dataset):
    assert {path.name for path in finished.iterdir()} == {
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


def test_the_history_has_every_milestone(finished):
    rows = history(finished)
    assert [row["step"] for row in rows] == [0, 2, 3, 4, 6]
    assert [row["epoch"] for row in rows] == pytest.approx([0, 2 / 3, 1, 4 / 3, 2])
    assert math.isnan(rows[0]["train_loss"])
    assert all(math.isfinite(value) for row in rows[1:] for value in row.values())
    assert rows[-1]["dev_perplexity"] < rows[0]["dev_perplexity"]


def test_the_best_model_is_kept_with_all_that_it_needs(finished):
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
    kept = stored(finished / "model.weights.h5")
    at_best = last_checkpoint(finished)  # the last step was the best
    assert best["step"] == 6
    assert_same_weights(kept, {name: at_best[name] for name in kept}, rtol=0)
    assert {array.dtype for array in kept.values()} == {np.dtype("float32")}
    assert model.config.variant == "ECM"


@pytest.mark.parametrize("stop", [4, 5])
def test_an_interrupted_run_goes_on_to_the_same_end(
    stop, dataset, finished, tmp_path, eagerly, monkeypatch, capsys
):
    """Interrupted in the middle of an epoch: right after a checkpoint, or a step later."""
    count = Milestones.on_train_batch_end

    def count_and_stop(self, batch, logs=None):
        count(self, batch, logs)
        if self.step == stop:
            raise KeyboardInterrupt

    train_dir = tmp_path / "model"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Milestones, "on_train_batch_end", count_and_stop)
        train(dataset, train_dir, epochs=2)
    assert Checkpoints(train_dir).steps[-1] == 4
    load_model(train_dir)  # the best so far can be used at any time
    capsys.readouterr()
    train(dataset, train_dir, epochs=2)
    assert "going on from the checkpoint of step 4\n" in capsys.readouterr().out
    assert_same_history(train_dir, finished)
    assert_same_weights(last_checkpoint(train_dir), last_checkpoint(finished), rtol=1e-5, atol=1e-7)


def test_going_on_from_an_older_checkpoint(copied, finished, dataset, eagerly, capsys):
    train(dataset, copied, epochs=2, load_model=3)
    assert "going on from the checkpoint of step 3\n" in capsys.readouterr().out
    assert_same_history(copied, finished)
    assert_same_weights(last_checkpoint(copied), last_checkpoint(finished), rtol=1e-5, atol=1e-7)


def test_an_older_checkpoint_that_is_not_there(copied, dataset, eagerly):
    with pytest.raises(InputError, match=r"\[3, 4, 6\], got 5\.$"):
        train(dataset, copied, epochs=2, load_model=5)
    assert Checkpoints(copied).steps == [3, 4, 6]


def test_more_epochs_go_on(copied, finished, dataset, eagerly):
    train(dataset, copied, epochs=3)
    rows = history(copied)
    assert [row["step"] for row in rows] == [0, 2, 3, 4, 6, 8, 9]
    assert rows[1:5] == history(finished)[1:]
    assert json.loads((copied / "run.json").read_text())["training"]["epochs"] == 3


def test_a_finished_run_stays_as_it_is(copied, finished, dataset, eagerly):
    train(dataset, copied, epochs=2)
    for name in ("history.csv", "model.weights.h5", "manifest.json", "run.json"):
        assert (copied / name).read_bytes() == (finished / name).read_bytes()


def test_the_seed_decides(dataset, finished, tmp_path, eagerly):
    train(dataset, tmp_path / "same", epochs=2)
    assert_same_history(tmp_path / "same", finished)
    assert_same_weights(
        stored(tmp_path / "same" / "model.weights.h5"),
        stored(finished / "model.weights.h5"),
        rtol=1e-5,
        atol=1e-7,
    )
    train(dataset, tmp_path / "other", seed=1)
    assert history(tmp_path / "other")[0] != pytest.approx(history(finished)[0], nan_ok=True)


@pytest.mark.parametrize("modules", VARIANTS)
def test_every_choice_of_modules_trains(modules, dataset, tmp_path, eagerly, capsys):
    train(dataset, tmp_path / "model", modules, batch_size=10)
    first, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith(f"training {VARIANTS[modules]} (")
    start, end = history(tmp_path / "model")
    assert math.isfinite(end["train_loss"])
    assert end["dev_perplexity"] < start["dev_perplexity"]
    model, _ = load_model(tmp_path / "model")
    config = model.config
    assert [name for name in ALL if getattr(config, name)] == list(modules)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_mixed_precision(precision, dataset, tmp_path):
    train_dir = tmp_path / "model"
    train(dataset, train_dir, mixed_precision=precision, batch_size=10)
    start, end = history(train_dir)
    assert start["learning_rate"] == end["learning_rate"] == pytest.approx(0.01)
    assert math.isfinite(end["train_loss"])
    assert end["dev_perplexity"] < start["dev_perplexity"]
    assert {a.dtype.name for a in stored(train_dir / "model.weights.h5").values()} == {"float32"}
    model, _ = load_model(train_dir)
    assert model.compute_dtype == "float32"


def test_float16_goes_on_too(dataset, tmp_path, eagerly, capsys):
    train_dir = tmp_path / "model"
    train(dataset, train_dir, mixed_precision="float16")
    train(dataset, train_dir, mixed_precision="float16", epochs=2)
    assert "going on from the checkpoint of step 3\n" in capsys.readouterr().out
    assert [row["step"] for row in history(train_dir)] == [0, 2, 3, 4, 6]
    # The loss scale and the inner optimizer's slots: without them training would begin anew.
    optimizer = {n: a for n, a in last_checkpoint(train_dir).items() if n.startswith("optimizer/")}
    counts = [int(array) for array in optimizer.values() if array.dtype.kind == "i"]
    assert 6 in counts


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
    manifest = json.loads((other / "manifest.json").read_text())
    (other / "manifest.json").write_text(json.dumps({**manifest, "settings": {}}))
    with pytest.raises(InputError, match="dataset was"):
        train(other, copied, epochs=2)


def test_a_foreign_directory_is_refused(dataset, tmp_path):
    (tmp_path / "thesis.txt").write_text("Do not touch.")
    with pytest.raises(InputError, match="expected an empty or new directory"):
        train(dataset, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("state", ["missing", "unfinished", "a model"])
def test_a_directory_that_is_no_finished_dataset(state, dataset, finished, tmp_path):
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
def test_wrong_settings_are_refused(flags, named, dataset, tmp_path):
    with pytest.raises(InputError, match=named):
        train(dataset, tmp_path / "model", **flags)


def test_early_stopping(dataset, tmp_path, eagerly, capsys):
    """With a learning rate this small nothing gets better."""
    flags = {"early_stopping": 2, "epochs": 9, "learning_rate": 1e-20, "batch_size": 10}
    train(dataset, tmp_path / "model", (), **flags)
    assert "no better dev perplexity for 2 epochs: stopping\n" in capsys.readouterr().out
    assert [row["step"] for row in history(tmp_path / "model")] == [0, 1, 2]


def test_divergence_is_told_and_the_best_model_kept(dataset, tmp_path, eagerly):
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


def test_balanced_emotions_skip_those_that_are_absent(dataset, tmp_path, eagerly):
    """A dataset of two emotions: balancing must not wait for the other four."""
    two = shutil.copytree(dataset, tmp_path / "dataset")
    (records,) = two.glob("train-*.tfrecord")
    with tf.io.TFRecordWriter(str(records)) as writer:
        for number in range(9):
            pair = {"post": [4, 5], "response": [5], "emotion": 5 if number else 1}
            texts = {"post_text": b"", "response_text": b""}
            writer.write(serialize_pair(**pair, post_emotion=None, **texts))
    manifest = json.loads((two / "manifest.json").read_text())
    manifest["counts"]["pairs"]["train"] = 9
    manifest["counts"]["emotions"]["train"] = [0, 1, 0, 0, 0, 8]
    (two / "manifest.json").write_text(json.dumps(manifest))
    train(two, tmp_path / "model", ("use_emb",), balance_emotions=True)
    assert [row["step"] for row in history(tmp_path / "model")] == [0, 2, 3]
    # The single pair of an emotion is drawn: its vector has moved, those of absent ones have not.
    before, after = (
        stored(tmp_path / f"model/checkpoints/step-0000000{step}/training.weights.h5")[
            "decoder/emotion_embedding/vars/0"
        ]
        for step in (0, 3)
    )
    moved = np.abs(after - before).max(1) > 0
    assert moved.tolist() == [False, True, False, False, False, True]


@pytest.fixture(scope="module")
def seq2seq(dataset, tmp_path_factory):
    train_dir = tmp_path_factory.mktemp("seq2seq") / "model"
    tf.config.run_functions_eagerly(True)
    train(dataset, train_dir, modules=())
    tf.config.run_functions_eagerly(False)
    return train_dir


def test_pretraining(seq2seq, dataset, tmp_path, eagerly, capsys):
    train_dir = tmp_path / "model"
    train(dataset, train_dir, pretrain_dir=seq2seq)
    printed = capsys.readouterr().out
    assert f"loaded from {seq2seq}: " in printed
    given = stored(seq2seq / "model.weights.h5")
    start = stored(train_dir / "checkpoints" / "step-00000000" / "training.weights.h5")
    for name in (
        "encoder/embedding/vars/0",
        "encoder/cells/gru_cell/vars/0",
        "decoder/embedding/vars/0",
        "decoder/attention/vars/0",
        "decoder/features/vars/0",
    ):
        np.testing.assert_array_equal(start[name], given[name], err_msg=name)
    np.testing.assert_array_equal(
        start["layers/external_memory_output/vars/0"], given["layers/vocabulary_output/vars/0"]
    )
    # Going on takes the run's own checkpoint, not the pretrained model again.
    train(dataset, train_dir, pretrain_dir=seq2seq, epochs=2)
    printed = capsys.readouterr().out
    assert "going on from the checkpoint of step 3" in printed
    assert "loaded from" not in printed


def test_pretraining_takes_shared_weights_and_leaves_the_emotion_modules(make_model):
    source = make_model()
    model = make_model(use_emb=True, use_imemory=True, use_ememory=True)
    before = {weight.path: weight.numpy() for weight in model.weights}
    loaded, left = load_pretrained(model, source)
    assert sorted(loaded + left) == sorted(before)
    now = {weight.path: weight.numpy() for weight in model.weights}
    for path in left:
        np.testing.assert_array_equal(now[path], before[path], err_msg=path)
    assert any("emotion_embedding" in path for path in left)
    assert any("internal_memory" in path for path in left)
    kernel, given = model.decoder.cell.gru.kernel.numpy(), source.decoder.cell.kernel.numpy()
    old = before[model.decoder.cell.gru.kernel.path]
    np.testing.assert_array_equal(kernel[:14], given)  # word and context
    np.testing.assert_array_equal(kernel[14:], old[14:])  # emotion
    np.testing.assert_array_equal(model.vocabulary_output.kernel, source.vocabulary_output.kernel)
    np.testing.assert_array_equal(
        model.encoder.cells[1].weights[0], source.encoder.cells[1].weights[0]
    )


@pytest.mark.parametrize("difference", [{"size": 9}, {"embedding_size": 4}, {"num_layers": 1}])
def test_pretraining_with_other_sizes_is_refused(make_model, difference):
    with pytest.raises(InputError, match=r"^--pretrain_dir: expected|^--pretrain_dir: .*expected"):
        load_pretrained(make_model(), make_model(**difference))


def test_pretraining_with_another_vocabulary_is_refused():
    model, other = ECM(ModelConfig(20, 18, 6, size=4)), ECM(ModelConfig(20, 17, 6, size=4))
    with pytest.raises(InputError, match="--pretrain_dir"):
        load_pretrained(model, other)


# Milestones by themselves


@pytest.fixture
def milestones(tmp_path, monkeypatch):
    """`milestones(**training)`: with a stub of a model, measured as `dev` says."""
    dev = []

    class Meter:
        def __init__(self, model):
            pass

        def measure(self, batches):
            value = dev.pop(0) if dev else 9.0
            return SimpleNamespace(token=value, sentence=value)

    monkeypatch.setattr("ecm_tf.training.callbacks.PerplexityMeter", Meter)
    monkeypatch.setattr("ecm_tf.training.callbacks.write_history", lambda *_: None)

    def make(optimizer=None, steps_per_epoch=1000, **training):
        kept, saved = [], []
        callback = Milestones(
            tmp_path,
            TrainingConfig(**training),
            steps_per_epoch,
            None,
            SimpleNamespace(save=lambda model, rows: saved.append(rows[-1])),
            [],
            None,
            kept.append,
        )
        optimizer = optimizer or SimpleNamespace(learning_rate=0.5)
        callback.set_model(SimpleNamespace(optimizer=optimizer))
        return SimpleNamespace(
            callback=callback, optimizer=optimizer, kept=kept, saved=saved, dev=dev
        )

    return make


def feed(callback, losses):
    """Runs an epoch of batches with these losses; Keras logs their mean since the last reset."""
    seen = []
    callback.model.reset_metrics = seen.clear
    callback.on_train_begin()
    for number, loss in enumerate(losses):
        seen.append(loss)
        callback.on_train_batch_end(number, {"loss": float(np.mean(seen))})


@pytest.mark.parametrize(
    ("losses", "decays"),
    [
        ([5.0, 4.0, 3.0, 3.5], 0),  # above the last, not above the last three
        ([5.0, 4.0, 3.0, 5.5], 1),
        ([9.0, 4.0, 3.0, 5.0, 5.5], 1),  # 5.5 is above the three before; 9 is forgotten
        ([1.0, 2.0, 3.0], 0),  # there are not three before
        ([1.0, 2.0, 3.0, 4.0, 5.0], 2),
        ([4.0, 4.0, 4.0, 4.0], 0),
    ],
)
@pytest.mark.parametrize("scaled", [False, True])
def test_the_learning_rate_falls_when_the_loss_rises(milestones, losses, decays, scaled):
    optimizer = keras.optimizers.SGD(0.5)
    if scaled:
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    made = milestones(optimizer, steps_per_checkpoint=1, learning_rate_decay_factor=0.5)
    feed(made.callback, losses)
    assert float(optimizer.learning_rate) == pytest.approx(0.5 * 0.5**decays)


def test_milestones_report_each_intervals_own_mean(milestones):
    made = milestones(steps_per_checkpoint=2, steps_per_epoch=5)
    feed(made.callback, [1.0, 3.0, 10.0, 20.0, 7.0])
    assert [row.step for row in made.saved] == [0, 2, 4, 5]
    assert [row.train_loss for row in made.saved[1:]] == pytest.approx([2.0, 15.0, 7.0])
    feed(made.callback, [4.0, 6.0])  # steps 6 and 7, of another epoch
    assert (made.saved[-1].step, made.saved[-1].train_loss) == (6, pytest.approx(4.0))


def test_the_best_is_the_lowest_and_the_earliest_of_equals(milestones):
    made = milestones(steps_per_checkpoint=1, steps_per_epoch=2, early_stopping=1)
    made.dev += [9.0, 5.0, 5.0, 7.0]
    feed(made.callback, [1.0])
    assert not made.callback.stalled
    feed(made.callback, [1.0])
    assert not made.callback.stalled, "one step is half an epoch"
    feed(made.callback, [1.0])
    assert made.callback.stalled
    assert [row.step for row in made.kept] == [0, 1]


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_no_number_ends_training(milestones, loss):
    made = milestones(steps_per_checkpoint=1)
    with pytest.raises(InputError, match=r"before step 2: .*--learning_rate.*of step 0, is kept"):
        feed(made.callback, [1.0, loss])
    assert [row.step for row in made.saved] == [0, 1]
