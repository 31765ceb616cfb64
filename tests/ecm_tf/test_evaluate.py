"""`python -m ecm_tf.evaluate`."""

import csv
import json
import math
import shutil

import fake_classifier
import numpy as np
import pytest
import tensorflow as tf
from markdown_rows import table_rows

from ecm_tf.core.errors import InputError
from ecm_tf.data.batches import evaluation_batches
from ecm_tf.evaluate import main
from ecm_tf.model.directory import load_model
from ecm_tf.model.perplexity import PerplexityMeter


@pytest.fixture(scope="module")
def direct(model_dir, dataset):
    """Both perplexities, computed from the full distributions pair by pair."""
    model, _ = load_model(model_dir)
    log_probs = tf.function(model.teacher_forced_log_probs, reduce_retracing=True, autograph=False)
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


def test_prints_and_writes_both_perplexities(model_dir, dataset, direct, tmp_path, capsys):
    run("--train_dir", model_dir, "--dataset", dataset, "--split", "dev", "--output", tmp_path)
    token, sentence = direct
    line, *_ = capsys.readouterr().out.splitlines()
    assert line == (
        f"{model_dir}  ECM  dev perplexity {token:.2f} per token, {sentence:.2f} per sentence"
    )
    written = json.loads((tmp_path / "metrics.json").read_text())
    (metrics,) = written["models"]
    assert (metrics["model"], metrics["variant"], written["split"]) == ("model", "ECM", "dev")
    assert metrics["token_perplexity"]["value"] == pytest.approx(token, rel=1e-4)
    assert metrics["sentence_perplexity"] == pytest.approx(sentence, rel=1e-4)


def test_agrees_with_perplexity_during_training(model_dir, direct):
    with (model_dir / "history.csv").open(newline="") as file:
        best = min(float(row["dev_perplexity"]) for row in csv.DictReader(file))
    assert direct[0] == pytest.approx(best, rel=1e-4)


@pytest.mark.parametrize("batch_size", [3, 100])
def test_batch_size_does_not_change_perplexity(model_dir, dataset, direct, batch_size):
    model, _ = load_model(model_dir)
    measured = PerplexityMeter(model).measure(
        evaluation_batches(dataset, "dev", model.config, batch_size)
    )
    assert (measured.token, measured.sentence) == pytest.approx(direct, rel=1e-4)


def test_meter_uses_current_weights(model_dir, dataset):
    model, _ = load_model(model_dir)
    meter, batches = PerplexityMeter(model), evaluation_batches(dataset, "dev", model.config, 10)
    before = meter.measure(batches).token
    model.vocabulary_output.kernel.assign(tf.zeros_like(model.vocabulary_output.kernel))
    assert meter.measure(batches).token != pytest.approx(before)


def test_models_of_equal_directory_names_are_told_apart(model_dir, dataset, tmp_path, capsys):
    other = shutil.copytree(model_dir, tmp_path / "other" / model_dir.name)
    judge = fake_classifier.make(tmp_path / "judge")
    flags = ("--judge", judge, "--posts", 2, "--samples", 1, "--output", tmp_path / "out")
    run("--train_dir", model_dir, other, "--dataset", dataset, "--batch_size", 10, *flags)
    first, _, second, *_ = capsys.readouterr().out.splitlines()
    assert first.removeprefix(str(model_dir)) == second.removeprefix(str(other))
    assert " test perplexity " in first
    names = [f"{directory.parent.name}-{directory.name}" for directory in (model_dir, other)]
    written = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert [metrics["model"] for metrics in written["models"]] == names
    for name in names:
        assert (tmp_path / "out" / f"{name}-confusion.png").is_file()


def test_the_same_model_twice_is_refused(model_dir, dataset):
    with pytest.raises(InputError, match="expected different directories"):
        run("--train_dir", model_dir, model_dir, "--dataset", dataset)


def test_compares_searches(model_dir, dataset, tmp_path, capsys):
    judge = fake_classifier.make(tmp_path / "judge")
    searches = tmp_path / "searches.toml"
    searches.write_text(
        "[greedy]\n"
        '["reranked, of four"]\ndecoder = "sample"\ncandidates = 4\n'
        "seed = 1\nemotion_weight = 9.0\n"
        f'rerank = "{judge}"\n'
    )
    flags = ("--searches", searches, "--judge", judge, "--output", tmp_path / "out")
    run("--train_dir", model_dir, "--dataset", dataset, *flags)
    rows = table_rows(capsys.readouterr().out)
    assert [row[0] for row in rows] == ["model", "model, greedy", "model, reranked, of four"]
    written = json.loads((tmp_path / "out" / "metrics.json").read_text())
    greedy, reranked = written["models"]
    assert greedy["token_perplexity"] == reranked["token_perplexity"]
    accuracy = [metrics["judges"]["judge"]["accuracy"]["value"] for metrics in (greedy, reranked)]
    assert accuracy[0] < accuracy[1]
    assert reranked["search"] == "best of 4 samples at 1, judge 9"
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "1 model, evaluated on" in page and "model, reranked, of four" in page
    assert (tmp_path / "out" / "model__reranked__of_four-confusion.png").is_file()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[a", "searches.toml: expected a TOML file of searches; "),
        ("", "searches.toml: expected at least one search, got none"),
        ("beam = 3", "searches.toml: expected tables, got beam = 3"),
        ("[a]\nbeams = 3", r"searches.toml: a: unknown settings \['beams'\]"),
        ("[a]\ntop_k = 0", "searches.toml: a: top_k: expected an integer of at least 1, got 0"),
        ("[a]\nbeam_size = 9", "searches.toml: a: beam_size: expected the decoder beam; this gr"),
        ("[a]\ntop_k = 'b'", "searches.toml: a: top_k: expected an integer of at least 1, got 'b'"),
    ],
)
def test_rejects_wrong_search_files(model_dir, dataset, tmp_path, text, message):
    searches = tmp_path / "searches.toml"
    searches.write_text(text)
    flags = ("--train_dir", model_dir, "--dataset", dataset, "--judge", tmp_path)
    with pytest.raises(InputError, match=message):
        run(*flags, "--searches", searches)
    with pytest.raises(InputError, match="no such file"):
        run(*flags, "--searches", tmp_path / "none")
    with pytest.raises(InputError, match="--searches: expected no other search flags, got beam"):
        run(*flags, "--searches", searches, "--decoder", "beam")


@pytest.mark.parametrize("flags", [("--searches", "searches.toml"), ("--decoder", "beam")])
def test_a_search_needs_a_judge_of_its_replies(model_dir, dataset, flags):
    with pytest.raises(InputError, match=f"{flags[0]}: expected --judge; without it no replies"):
        run("--train_dir", model_dir, "--dataset", dataset, *flags)


def test_rejects_wrong_directories(model_dir, dataset, tmp_path):
    with pytest.raises(InputError, match="expected a dataset directory"):
        run("--train_dir", model_dir, "--dataset", tmp_path / "nothing")
    with pytest.raises(InputError, match="expected a model directory"):
        run("--train_dir", tmp_path / "nothing", "--dataset", dataset)
    with pytest.raises(InputError, match="expected kind 'model'"):
        run("--train_dir", dataset, "--dataset", dataset)
