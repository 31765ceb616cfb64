"""Evaluation of a model on a split: perplexities, replies, table and page."""

import json

import numpy as np
import pytest

from ecm_tf.config import SearchConfig
from ecm_tf.core.errors import InputError
from ecm_tf.data.directory import DatasetDirectory
from ecm_tf.decoding.search import Search
from ecm_tf.evaluate import main
from ecm_tf.evaluation.generation import generate_replies
from ecm_tf.evaluation.model_evaluation import evaluate_model
from ecm_tf.evaluation.pairs import evaluation_pairs
from ecm_tf.evaluation.table import table
from ecm_tf.inference.responder import Responder
from ecm_tf.model.directory import load_model, save_model
from ecm_tf.text.emotions import DEFAULT


class Judge:
    """Predicts an emotion from the length of a text."""

    emotions = DEFAULT

    def probabilities(self, texts):
        return np.eye(6, dtype=np.float32)[[len(text) % 6 for text in texts]]


@pytest.fixture(scope="module")
def responder(model_dir):
    return Responder(*load_model(model_dir))


def test_batches_give_the_replies_of_single_posts(responder):
    posts = ["今天天气真好", "", "球队赢了3比0", "我的猫会握手"]
    replies = generate_replies(responder, posts, Search())
    assert replies.number == 24
    for place, post in enumerate(posts):
        alone = responder.answer_all([post], Search()).texts.numpy()[0, :, 0]
        assert replies.texts[place] == [text.decode() for text in alone]
    assert (replies.ids[np.arange(replies.ids.shape[-1]) >= replies.lengths[..., None]] == 0).all()


def test_keeps_the_best_reply_of_a_beam(responder):
    search = Search(SearchConfig(decoder="beam", beam_size=4), 3)
    replies = generate_replies(responder, ["今天天气真好"], search)
    best = responder.answer_all(["今天天气真好"], search).texts.numpy()[0, :, 0]
    assert replies.texts == [[text.decode() for text in best]]


def test_pairs_are_different_posts_with_their_responses(dataset):
    pairs = evaluation_pairs(DatasetDirectory(dataset), "test", 3)
    assert len(set(pairs.posts)) == len(pairs.posts) == 3
    assert {post for post, _, _ in pairs.responses} == {0, 1, 2}
    assert evaluation_pairs(DatasetDirectory(dataset), "test", 0).responses == []


def test_all_measurements_of_a_model(model_dir, dataset, responder):
    opened = DatasetDirectory(dataset)
    pairs = evaluation_pairs(opened, "test", 10)
    judges = {"length": Judge(), "second": Judge()}
    searches = {"greedy": Search(), "sample": Search(SearchConfig(decoder="sample", seed=1))}
    greedy, sampled = evaluate_model(model_dir, opened, "test", pairs, judges, searches, samples=3)
    evaluation, samples, drawn = greedy.evaluation, greedy.samples, sampled.evaluation
    replies = generate_replies(responder, pairs.posts, Search())
    assert [sample.post for sample in samples] == [pairs.posts[place] for place in (0, 4, 9)]
    assert [len(sample.explanations) for sample in samples] == [6, 6, 6]
    for emotion, explanation in enumerate(samples[1].explanations):
        words = [word for word in explanation.words if word != "_EOS"]
        assert "".join(words) == replies.texts[4][emotion].replace(" ", "")
    predicted = np.array([[len(text) % 6 for text in post] for post in replies.texts])
    expected = (predicted == np.arange(6)).mean()
    assert evaluation.judges["length"].accuracy.value == pytest.approx(expected)
    assert evaluation.agreement == 1
    assert (evaluation.label, drawn.label) == ("model, greedy", "model, sample")
    assert drawn.search == "sample at 1"
    assert drawn.token_perplexity == evaluation.token_perplexity
    assert drawn.replies.mean_log_prob < evaluation.replies.mean_log_prob < 0
    assert evaluation.token_perplexity.low <= evaluation.token_perplexity.value
    assert len(evaluation.perplexity_by_emotion) == 6
    assert all(np.isfinite(evaluation.perplexity_by_emotion))
    text = table([evaluation])
    assert f"{expected:.3f} (" in text and "judges agree" in text


def test_a_model_that_has_diverged_is_refused(model_dir, dataset, tmp_path):
    model, assets = load_model(model_dir)
    model.set_weights([np.full_like(weight, np.nan) for weight in model.get_weights()])
    diverged, opened = tmp_path / "diverged", DatasetDirectory(dataset)
    save_model(diverged, model, assets, settings={}, counts={}, sources={})
    pairs = evaluation_pairs(opened, "test", 0)
    with pytest.raises(
        InputError, match=r"diverged: expected finite log-likelihoods .* but \d+ of"
    ):
        evaluate_model(diverged, opened, "test", pairs, {}, {})


def test_command_rejects_numbers_below_one(model_dir, dataset, capsys):
    for flag in ("--posts", "--batch_size"):
        with pytest.raises(SystemExit):
            main(["--train_dir", str(model_dir), "--dataset", str(dataset), flag, "0"])
        expected = f"{flag}: expected an integer of at least 1, got '0'"
        assert expected in capsys.readouterr().err


def test_page_shows_all_results(model_dir, dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "ecm_tf.text.emotion_classifier.EmotionClassifier", lambda directory: Judge()
    )
    judges = ["--judge", str(tmp_path / "first"), str(tmp_path / "second")]
    output = tmp_path / "out"
    main(["--train_dir", str(model_dir), "--dataset", str(dataset), *judges,
          "--samples", "2", "--output", str(output)])  # fmt: skip
    page = (output / "index.html").read_text(encoding="utf-8")
    metrics = json.loads((output / "metrics.json").read_text(encoding="utf-8"))
    accuracy = metrics["models"][0]["judges"]["first"]["accuracy"]["value"]
    assert f"{accuracy:.3f}" in page
    assert page.count("data:image/png") == 3, "accuracy, confusion, learning curve"
    assert "first and second predict the same emotion for 100.0 %" in page
    assert "http://" not in page and "https://" not in page
    names = {path.name for path in output.iterdir()}
    assert names == {"index.html", "metrics.json", "table.md", "accuracy.png",
                     "learning_curves.png", "model-confusion.png"}  # fmt: skip
