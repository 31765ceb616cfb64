"""`experiments.metrics`, on metrics as `ecm_tf.evaluate` writes them."""

import json

import pytest
from markdown_rows import table_rows

from experiments.metrics import main


def evaluated(directory, run, accuracies, seconds=9):
    """Writes a model directory and an evaluation of it with searches of these accuracies."""
    (directory / run).mkdir()
    (directory / run / "history.csv").write_text(
        f"epoch,dev_perplexity,seconds\n1,50,{seconds}\n", encoding="utf-8"
    )
    models = [
        {
            "label": f"{run}, {search}" if len(accuracies) > 1 else run,
            "model": run,
            "search": f"settings of {search}",
            "variant": "ECM",
            "weights": 7,
            "token_perplexity": {"value": 60},
            "relevance": None,
            "judges": {"judge": {"accuracy": {"value": accuracy}, "by_emotion": []}},
            "replies": {
                **dict.fromkeys(("distinct_1", "distinct_2", "entropy", "top_10"), 0.5),
                "mean_length": 3,
            },
        }
        for search, accuracy in accuracies.items()
    ]
    metrics = directory / f"{run}-talk" / "metrics.json"
    metrics.parent.mkdir()
    metrics.write_text(json.dumps({"dataset": "dataset-test-talk", "models": models}))
    output = directory / "results" / f"{run}.json"
    output.parent.mkdir(exist_ok=True)
    main(["record", str(directory / run), str(output), str(metrics.parent)])
    return json.loads(output.read_text(encoding="utf-8"))


def table(directory, capsys):
    main(["table", str(directory / "results")])
    head, *rows = table_rows(capsys.readouterr().out)
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_searches_keep_their_names(tmp_path):
    accuracies = {"beam, MMI": 0.1, "samples, reranked, MMI": 0.2}
    assert evaluated(tmp_path, "ecm-0", accuracies)["replies"].keys() == accuracies.keys()


def test_a_single_search_of_several_seeds_is_one_column(tmp_path, capsys):
    evaluated(tmp_path, "ecm-0", {"greedy": 0.2})
    evaluated(tmp_path, "ecm-1", {"greedy": 0.8})
    (row,) = table(tmp_path, capsys)
    assert row["accuracy, settings of greedy, judge"] == "0.500 ± 0.424"


@pytest.mark.parametrize("first", ["ecm-0", "ecm-1"])
def test_a_figure_that_seeds_lack_names_the_seeds_that_have_it(first, tmp_path, capsys):
    for run in ("ecm-0", "ecm-1"):
        more = {"beam": 0.4} if run == first else {}
        evaluated(tmp_path, run, {"greedy": 0.2, "sample": 0.3, **more})
    (row,) = table(tmp_path, capsys)
    assert row["accuracy, greedy, judge"] == "0.200 ± 0.000"
    assert row["accuracy, beam, judge"] == "0.400 (seeds: 1)"
