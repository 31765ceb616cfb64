"""Hits@1 and mean reciprocal rank, compared with values computed by hand."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from ecm_tf.data.batches import evaluation_batches
from ecm_tf.data.directory import DatasetDirectory
from ecm_tf.evaluate import main
from ecm_tf.evaluation.relevance import (
    CANDIDATES,
    candidate_scores,
    draw_candidates,
    read_pairs,
    relevance,
    true_ranks,
)
from ecm_tf.model.ecm import INPUT_SIGNATURE
from ecm_tf.model.perplexity import PerplexityMeter
from ecm_tf.text.vocabulary import EOS

ONE_EACH = [((4, n), (5, n), n % 2) for n in range(4, 34)]
"""Thirty pairs with different posts and responses, fifteen in each of two emotions."""


def test_ranks_count_from_one_and_ties_are_pessimistic():
    scores = np.array([[-1, -2, -3], [-2, -1, -3], [-3, -1, -2], [-1, -1, -2], [-1, -1, -1]])
    assert true_ranks(scores.astype("float32")).tolist() == [1, 2, 3, 2, 3]


def test_scores_that_are_not_numbers_rank_last():
    assert true_ranks(np.array([[np.nan, -1, -2], [-1, np.nan, -2]])).tolist() == [3, 2]


def test_hits_and_mean_reciprocal_rank():
    # The true response is first, second, first and tenth.
    scores = np.tile(-np.arange(10.0), [4, 1])
    scores[1, 0], scores[3, 0] = -1.5, -20
    result = relevance(scores, left_out=7)
    assert result.hits_at_1.value == 0.5
    assert result.mrr.value == pytest.approx((1 + 1 / 2 + 1 + 1 / 10) / 4)
    assert result.mrr.low <= result.mrr.value <= result.mrr.high
    assert (result.pairs, result.left_out) == (4, 7)


def test_without_ranked_pairs_there_are_no_figures():
    result = relevance(np.empty([0, 10], np.float32), left_out=3)
    assert (result.hits_at_1, result.mrr, result.pairs, result.left_out) == (None, None, 0, 3)


def test_candidates_are_different_responses_of_the_emotion():
    candidates = draw_candidates(ONE_EACH, 100, seed=0)
    assert (len(candidates.posts), candidates.left_out) == (30, 0)
    emotions = {response: emotion for _, response, emotion in ONE_EACH}
    answers = {post: response for post, response, _ in ONE_EACH}
    for post, responses, emotion in zip(
        candidates.posts, candidates.responses, candidates.emotions, strict=True
    ):
        assert responses[0] == answers[post]
        assert len(set(responses)) == len(responses) == CANDIDATES
        assert {emotions[response] for response in responses} == {emotion}


def test_no_other_response_to_the_post_is_a_candidate():
    # Ten of the fifteen responses of emotion 0 answer one post: five others are too few for it,
    # and the posts of the other five have fourteen to draw from.
    pairs = [((4, 0 if n < 10 else n), (5, n), 0) for n in range(15)]
    candidates = draw_candidates(pairs, 15, seed=0)
    assert candidates.left_out == 10
    assert sorted(candidates.posts) == [(4, n) for n in range(10, 15)]
    # Nine others are enough, and then all of them are candidates.
    pairs = [((4, 0 if n < 3 else n), (5, n), 0) for n in range(12)]
    candidates = draw_candidates(pairs, 12, seed=0)
    assert candidates.left_out == 0
    place = candidates.posts.index((4, 0))
    assert set(candidates.responses[place][1:]) == {(5, n) for n in range(3, 12)}


def test_responses_to_the_post_in_other_emotions_are_no_candidates():
    pairs = [*ONE_EACH, ((4, 4), (5, 6), 1), ((4, 5), (5, 6), 0)]
    for seed in range(5):
        candidates = draw_candidates(pairs, 32, seed)
        for post, responses in zip(candidates.posts, candidates.responses, strict=True):
            assert post != (4, 4) or (5, 6) not in responses[1:]


def test_pairs_with_too_few_responses_are_counted():
    pairs = [((4, n), (5, n % 9), 0) for n in range(20)] + ONE_EACH[1::2]
    candidates = draw_candidates(pairs, 35, seed=1)
    assert (len(candidates.posts), candidates.left_out) == (15, 20)
    assert set(candidates.emotions) == {1}


def test_the_seed_determines_pairs_and_candidates():
    few, many = draw_candidates(ONE_EACH, 5, seed=3), draw_candidates(ONE_EACH, 12, seed=3)
    assert few.posts == many.posts[:5]
    assert few.responses == many.responses[:5]
    assert draw_candidates(ONE_EACH, 12, seed=3) == many
    other = draw_candidates(ONE_EACH, 12, seed=4)
    assert other.posts != many.posts
    assert (
        draw_candidates(ONE_EACH, 30, seed=4).responses
        != draw_candidates(ONE_EACH, 30, seed=3).responses
    )


def test_scores_are_log_probabilities_per_token_in_the_order_of_the_candidates(make_model):
    class Meter:
        """Gives each response as many nats as its largest token id."""

        def response_nll(self, batches, progress):
            for batch in batches:
                sizes.append(len(batch["response"]))
                tokens = tf.math.count_nonzero(batch["response"], axis=1, dtype=tf.int32)
                yield batch, tf.cast(tf.reduce_max(batch["response"], axis=1), tf.float32), tokens

    sizes = []
    pairs = [((4,) * (1 + n % 9), (4, 5 + n) * (1 + n % 7), 0) for n in range(11)]
    candidates = draw_candidates(pairs, 11, seed=0)
    config = make_model().config
    scores = candidate_scores(Meter(), candidates, config, batch_size=16)
    assert scores.dtype == np.float32
    expected = [
        [-max(response) / (len(response) + 1) for response in row] for row in candidates.responses
    ]
    assert candidates.responses[0][0] in [response for _, response, _ in pairs]
    np.testing.assert_allclose(scores, expected, rtol=1e-6)
    assert max(sizes) == 16 and sum(sizes) == 110


@pytest.mark.parametrize(
    "modules", [{}, {"use_emb": True, "use_imemory": True, "use_ememory": True}]
)
@pytest.mark.parametrize("mask_padding", [True, False])
def test_scores_equal_the_full_distributions(make_model, modules, mask_padding):
    model = make_model(mask_padding=mask_padding, **modules)
    pairs = [((4 + n, 5), (4 + n,) * (1 + n % 4), n % 2) for n in range(14)]
    pairs += [((4 + n, 6, 7), (17 - n, 4 + n), n % 2) for n in range(14)]
    candidates = draw_candidates(pairs, 2, seed=0)
    scores = candidate_scores(PerplexityMeter(model), candidates, model.config, batch_size=8)
    all_log_probs = tf.function(
        model.teacher_forced_log_probs, input_signature=[INPUT_SIGNATURE], autograph=False
    )
    post_length, response_length = model.config.buckets[0]
    padded = not mask_padding
    for post, emotion, row, got in zip(
        candidates.posts, candidates.emotions, candidates.responses, scores, strict=True
    ):
        for response, score in zip(row, got, strict=True):
            targets = [*response, EOS]
            inputs = {
                "post": [[*post, *[0] * (padded * (post_length - len(post)))]],
                "response": [[*targets, *[0] * (padded * (response_length - len(targets)))]],
                "emotion": [emotion],
            }
            inputs = {name: tf.constant(value) for name, value in inputs.items()}
            log_probs = all_log_probs(inputs).numpy()[0]
            expected = np.mean([log_probs[step, id_] for step, id_ in enumerate(targets)])
            assert score == pytest.approx(expected, rel=1e-4)


def test_a_trained_model_ranks_true_responses_higher(make_model):
    model = make_model()
    # Thirteen posts of one word, each answered by the word of the same id.
    pairs = [((id_,), (id_,), 0) for id_ in range(4, 17)]
    candidates = draw_candidates(pairs, 13, seed=0)
    meter = PerplexityMeter(model)

    def measured():
        scores = candidate_scores(meter, candidates, model.config, batch_size=130)
        return relevance(scores, candidates.left_out)

    before = measured()
    model.compile(tf.keras.optimizers.Adam(0.05))
    batch = {
        "post": tf.constant([post for post, _, _ in pairs]),
        "response": tf.constant([[*response, EOS] for _, response, _ in pairs]),
        "emotion": tf.zeros([13], tf.int32),
    }
    model.fit(tf.data.Dataset.from_tensors(batch).repeat(80), shuffle=False, verbose=0)
    after = measured()
    assert before.hits_at_1.value < 0.5
    assert after.hits_at_1.value > 0.9
    assert after.mrr.value > before.mrr.value + 0.3


def test_reads_the_pairs_of_the_perplexity(dataset, model_dir):
    opened = DatasetDirectory(dataset)
    pairs = read_pairs(opened, "test")
    config = SimpleNamespace(
        buckets=[[50, 50]], max_post_length=50, max_response_length=50, mask_padding=True
    )
    (batch,) = evaluation_batches(dataset, "test", config, 100)
    for place, (post, response, emotion) in enumerate(pairs):
        assert [id_ for id_ in batch["post"].numpy()[place].tolist() if id_] == list(post)
        ids = [id_ for id_ in batch["response"].numpy()[place].tolist() if id_]
        assert ids == [*response, EOS]
        assert batch["emotion"].numpy()[place] == emotion
    assert len(pairs) == 10


def test_the_command_reports_pairs_left_out(model_dir, dataset, tmp_path, capsys):
    arguments = ["--train_dir", str(model_dir), "--dataset", str(dataset)]
    main([*arguments, "--output", str(tmp_path / "out")])
    assert capsys.readouterr().out.splitlines()[1] == (
        f"{model_dir}  no pair has nine other responses of its emotion (0 pairs, 10 left out)"
    )
    (metrics,) = json.loads((tmp_path / "out/metrics.json").read_text())["models"]
    assert metrics["relevance"] == {"hits_at_1": None, "mrr": None, "pairs": 0, "left_out": 10}
    assert "hits@1" in (tmp_path / "out/table.md").read_text()
    main([*arguments, "--relevance_pairs", "0", "--output", str(tmp_path / "off")])
    (metrics,) = json.loads((tmp_path / "off/metrics.json").read_text())["models"]
    assert metrics["relevance"] is None
    assert "hits@1" not in (tmp_path / "off/table.md").read_text()
    assert len(capsys.readouterr().out.strip().splitlines()) == 3


def test_the_command_ranks_responses(model_dir, dataset, tmp_path, monkeypatch, capsys):
    every_pair_sad = [(post, response, 2) for post, response, _ in read_pairs(
        DatasetDirectory(dataset), "test"
    )]  # fmt: skip
    monkeypatch.setattr("ecm_tf.evaluation.relevance.read_pairs", lambda *_: every_pair_sad)
    main(["--train_dir", str(model_dir), "--dataset", str(dataset), "--output", str(tmp_path),
          "--relevance_pairs", "4"])  # fmt: skip
    (metrics,) = json.loads((tmp_path / "metrics.json").read_text())["models"]
    ranked = metrics["relevance"]
    assert (ranked["pairs"], ranked["left_out"]) == (4, 0)
    hits, mrr = ranked["hits_at_1"]["value"], ranked["mrr"]["value"]
    assert f"hits@1 of 10 {hits:.3f}, MRR {mrr:.3f} (4 pairs, 0 left out)" in (
        capsys.readouterr().out
    )
    page = (tmp_path / "index.html").read_text()
    assert f"<td>{hits:.3f} <small>" in page and f"<td>{mrr:.3f} <small>" in page
