"""`python -m ecm_tf.evaluate`."""

import csv
import json
import math

import numpy as np
import pytest
import tensorflow as tf

from ecm_tf.dataset import evaluation_batches
from ecm_tf.errors import InputError
from ecm_tf.evaluate import main
from ecm_tf.model_directory import load_model
from ecm_tf.perplexity import PerplexityMeter


@pytest.fixture(scope="module")
def direct(model_dir, dataset):
    """Both perplexities from the whole distributions, a pair at a time."""
    model, _ = load_model(model_dir)
    log_probs = tf.function(model.teacher_forced_log_probs, reduce_retracing=True)
    nlls, tokens = [], []
    for pair in evaluation_batches(dataset, "dev", model.config, 1):
        response = pair["response"].numpy()[0]
        rows = log_probs(pair).numpy()[0].astype("float64")
        nlls.append(-rows[np.arange(len(response)), response].sum())
        tokens.append(len(response))
    assert len(nlls) == 10
    per_sentence = np.mean([nll / count for nll, count in zip(nlls, tokens, strict=True)])
    return math.exp(sum(nlls) / sum(tokens)), math.exp(per_sentence)


def run(*arguments):
    main([str(argument) for argument in arguments])


def test_both_perplexities_are_printed_and_written(model_dir, dataset, direct, tmp_path, capsys):
    run("--train_dir", model_dir, "--dataset", dataset, "--split", "dev", "--output", tmp_path)
    token, sentence = direct
    line, *_ = capsys.readouterr().out.splitlines()
    assert line == (
        f"{model_dir}  ECM  dev perplexity {token:.2f} per token, {sentence:.2f} per sentence"
    )
    written = json.loads((tmp_path / "figures.json").read_text())
    (figures,) = written["models"]
    assert (figures["model"], figures["variant"], written["split"]) == ("model", "ECM", "dev")
    assert figures["token_perplexity"]["value"] == pytest.approx(token, rel=1e-4)
    assert figures["sentence_perplexity"] == pytest.approx(sentence, rel=1e-4)


def test_it_agrees_with_what_training_measured(model_dir, direct):
    with (model_dir / "history.csv").open(newline="") as file:
        best = min(float(row["dev_perplexity"]) for row in csv.DictReader(file))
    assert direct[0] == pytest.approx(best, rel=1e-4)


@pytest.mark.parametrize("batch_size", [3, 100])
def test_the_batch_size_changes_nothing(model_dir, dataset, direct, batch_size):
    model, _ = load_model(model_dir)
    measured = PerplexityMeter(model).measure(
        evaluation_batches(dataset, "dev", model.config, batch_size)
    )
    assert (measured.token, measured.sentence) == pytest.approx(direct, rel=1e-4)


def test_a_meter_reads_the_weights_anew_each_time(model_dir, dataset):
    model, _ = load_model(model_dir)
    meter, batches = PerplexityMeter(model), evaluation_batches(dataset, "dev", model.config, 10)
    before = meter.measure(batches).token
    model.vocabulary_output.kernel.assign(tf.zeros_like(model.vocabulary_output.kernel))
    assert meter.measure(batches).token != pytest.approx(before)


def test_several_models_get_a_line_each(model_dir, dataset, capsys):
    run("--train_dir", model_dir, model_dir, "--dataset", dataset, "--batch_size", 10)
    first, second = capsys.readouterr().out.splitlines()
    assert first == second
    assert " test perplexity " in first


def test_wrong_directories(model_dir, dataset, tmp_path):
    with pytest.raises(InputError, match="expected a dataset directory"):
        run("--train_dir", model_dir, "--dataset", tmp_path / "nothing")
    with pytest.raises(InputError, match="expected a model directory"):
        run("--train_dir", tmp_path / "nothing", "--dataset", dataset)
    with pytest.raises(InputError, match="expected kind 'model'"):
        run("--train_dir", dataset, "--dataset", dataset)
