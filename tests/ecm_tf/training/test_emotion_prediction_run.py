"""Runs with `--predict_emotion`: the history, the saved model, and the run without it."""

import csv
import json
import shutil
from types import SimpleNamespace

import pytest
from eager_runs import eager_execution

from ecm_tf.core.errors import InputError
from ecm_tf.data.batches import evaluation_batches
from ecm_tf.model.directory import load_model
from ecm_tf.model.emotion_prediction import EmotionMeter
from ecm_tf.text.emotions import Emotion, Emotions
from ecm_tf.train import main
from ecm_tf.training.construction import model_config

FLAGS = [
    *("--size", "8", "--num_layers", "1", "--embedding_size", "6", "--imemory_size", "7"),
    *("--use_imemory", "--batch_size", "4", "--epochs", "2", "--buckets", "5,5"),
    *("--learning_rate", "20", "--max_gradient_norm", "0.5", "--learning_rate_decay_factor", "0.5"),
    *("--steps_per_checkpoint", "1"),
]
"""The learning rate is so high that the loss rises and the learning rate decays."""


def rows_of(train_dir):
    with (train_dir / "history.csv").open(newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def runs(dataset, tmp_path_factory):
    """Two runs that differ in the flag only."""
    directory = tmp_path_factory.mktemp("runs")
    with eager_execution():
        for name, more in (("without", []), ("with", ["--predict_emotion"])):
            train_dir = str(directory / name)
            main(["--dataset", str(dataset), "--train_dir", train_dir, *FLAGS, *more])
    return directory


def test_the_history_has_the_accuracy_on_dev(runs, dataset):
    rows = rows_of(runs / "with")
    model, _ = load_model(runs / "with")
    step = json.loads((runs / "with/manifest.json").read_text())["counts"]["step"]
    measured = EmotionMeter(model).measure(evaluation_batches(dataset, "dev", model.config, 4))
    (best,) = [row for row in rows if int(row["step"]) == step]
    assert float(best["dev_emotion_accuracy"]) == pytest.approx(measured.accuracy)
    assert all(0 <= float(row["dev_emotion_accuracy"]) <= 1 for row in rows)


def test_all_else_is_as_in_the_run_without_it(runs):
    """Losses and perplexities are equal, and so is the learning rate, which depends on them."""
    with_accuracy, without = rows_of(runs / "with"), rows_of(runs / "without")
    for row in with_accuracy:
        del row["dev_emotion_accuracy"]
    assert with_accuracy == without
    assert float(without[-1]["learning_rate"]) < 20


def test_a_run_cannot_get_a_predictor_later(runs, dataset, tmp_path):
    """Not even one of an earlier version, which did not record the setting."""
    train_dir = shutil.copytree(runs / "without", tmp_path / "model")
    run = json.loads((train_dir / "run.json").read_text())
    del run["model"]["predict_emotion"]
    (train_dir / "run.json").write_text(json.dumps(run))
    with pytest.raises(InputError, match="predict_emotion was False, is True"):
        main(
            [
                *("--dataset", str(dataset), "--train_dir", str(train_dir)),
                *(*FLAGS, "--predict_emotion"),
            ]
        )


def test_no_category_may_be_called_auto():
    assets = SimpleNamespace(
        post_words=range(9),
        response_words=range(9),
        emotions=Emotions([Emotion("calm", "平静"), Emotion("angry", "愤怒", ("Auto",))]),
    )
    assert model_config({}, assets).categories == 2
    with pytest.raises(InputError, match="--predict_emotion: expected emotions without the name"):
        model_config({"predict_emotion": True}, assets)
