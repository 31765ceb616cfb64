"""`experiments.predicted_emotion`, on the ten pairs and on emotions of posts."""

import json

import numpy as np
import pytest
from eager_runs import eager_execution
from markdown_rows import table_rows

from data_prep.__main__ import main as data_prep
from ecm_tf.core.errors import InputError
from ecm_tf.data.batches import evaluation_batches
from ecm_tf.model.directory import load_model
from ecm_tf.model.emotion_prediction import EmotionMeter
from experiments import predicted_emotion


def printed(capsys, *arguments):
    with eager_execution():
        predicted_emotion.main(list(map(str, arguments)))
    return capsys.readouterr().out


def test_table_without_emotions_of_posts(auto_model_dir, dataset, capsys):
    """Of ten responses, two each are other, like, sad and happy; the first of them is predicted."""
    out = printed(capsys, "--train_dir", auto_model_dir, "--dataset", dataset)
    assert "No interaction matrix" in out
    rows = {row[0]: row[1:] for row in table_rows(out)}
    counts = np.array([2, 2, 2, 1, 1, 2]) + 1
    expected = np.log(counts / counts.sum()) @ [0.2, 0.2, 0.2, 0.1, 0.1, 0.2]
    assert rows["majority class"] == ["0.200", f"{expected:.3f}", "10"]
    model, _ = load_model(auto_model_dir)
    measured = EmotionMeter(model).measure(evaluation_batches(dataset, "test", model.config, 8))
    assert rows["predictor"] == [
        f"{measured.accuracy:.3f}",
        f"{measured.log_likelihood:.3f}",
        "10",
    ]


def test_interaction_matrix_counts_the_training_pairs():
    train = np.array([[0, 0, 0, 1, 1, 2], [1, 1, 0, 2, 2, 0]])
    given = np.array([[0, 1, 2, 1], [1, 2, 1, 0]])
    predictions = predicted_emotion._matrix(train, given, 3)
    np.testing.assert_allclose(
        np.exp(predictions.log_probs),
        [
            [2 / 6, 3 / 6, 1 / 6],
            [1 / 5, 1 / 5, 3 / 5],
            [2 / 4, 1 / 4, 1 / 4],
            [1 / 5, 1 / 5, 3 / 5],
        ],
    )
    assert predictions.accuracy == 0.5
    assert predictions.log_likelihood == pytest.approx(np.log([1 / 2, 3 / 5, 1 / 4, 1 / 5]).mean())


def test_emotions_of_posts_come_from_the_records_or_the_classifier(
    auto_model_dir, dataset, monkeypatch, capsys
):
    class Classifier:
        def __init__(self, directory):
            self.emotions = load_model(auto_model_dir)[1].emotions

        def probabilities(self, texts):
            return np.eye(6)[[4 if "外卖" in text else 0 for text in texts]]

    monkeypatch.setattr(predicted_emotion, "EmotionClassifier", Classifier)
    flags = ("--train_dir", auto_model_dir, "--dataset", dataset, "--classifier", "judge")
    rows = {row[0]: row[1:] for row in table_rows(printed(capsys, *flags))}
    # The only post with 外卖 has an angry response; of the other nine, two are other.
    assert rows["interaction matrix"][0] == "0.300"


def test_wrong_arguments(model_dir, auto_model_dir, dataset, corpus, tmp_path):
    with pytest.raises(InputError, match="expected a model with --predict_emotion"):
        predicted_emotion.main(["--train_dir", str(model_dir), "--dataset", str(dataset)])
    lines = (corpus / "pairs.jsonl").read_text(encoding="utf-8").splitlines()
    pairs = tmp_path / "pairs.jsonl"
    row = json.loads(lines[0]) | {"post": "火车晚点"}
    pairs.write_text("\n".join([*lines[1:], json.dumps(row)]), encoding="utf-8")
    output = str(tmp_path / "other")
    splits = [text for name in ("train", "dev", "test") for text in (f"--{name}", str(pairs))]
    data_prep(["build", *splits, "--output", output, "--workers", "1"])
    with pytest.raises(
        InputError, match=r"expected the vocabularies of .*, but the post words differ"
    ):
        predicted_emotion.main(["--train_dir", str(auto_model_dir), "--dataset", output])
