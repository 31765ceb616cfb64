"""Collects the metrics of trained models, and prints their table.

python -m experiments.metrics record MODEL OUTPUT.json EVALUATION…
python -m experiments.metrics table RESULTS
"""

import argparse
import csv
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from ecm_tf.core.arguments import Parser
from ecm_tf.core.command import run
from ecm_tf.core.errors import InputError
from ecm_tf.core.files import read_json
from ecm_tf.core.manifest import write_atomically
from ecm_tf.report.tables import markdown_table

Metrics = Mapping[str, Any]


def main(argv: list[str] | None = None) -> None:
    """Runs the command; see the module."""
    parser = Parser(prog="python -m experiments.metrics", description=__doc__)
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    record = actions.add_parser("record", help="write the metrics of a run to one file")
    record.add_argument("model", type=Path, help="model directory")
    record.add_argument("output", type=Path, help="file to write")
    record.add_argument("evaluations", type=Path, nargs="+", help="output of ecm_tf.evaluate")
    record.set_defaults(run=_record)
    table = actions.add_parser(
        "table", help="print the mean and the standard deviation over the seeds"
    )
    table.add_argument("results", type=Path, help="directory of such files")
    table.set_defaults(run=_print_table)
    arguments = parser.parse_args(argv)
    arguments.run(arguments)


def _record(arguments: argparse.Namespace) -> None:
    evaluations = [
        read_json(path / "metrics.json", "metrics of ecm_tf.evaluate")
        for path in arguments.evaluations
    ]
    history = list(_history(arguments.model))
    best = min(history, key=lambda row: row["dev_perplexity"])
    first = evaluations[0]["models"][0]
    metrics = {
        "run": arguments.model.name,
        "variant": first["variant"],
        "weights": first["weights"],
        "training": {
            "seconds": round(history[-1]["seconds"]),
            "epochs": history[-1]["epoch"],
            "best_epoch": best["epoch"],
            "dev_perplexity": best["dev_perplexity"],
        },
        "test": {
            each["dataset"].removeprefix("dataset-test-"): _part(each) for each in evaluations
        },
        "replies": {
            _search(model): _replies(model)
            for each in evaluations
            for model in each["models"]
            if model["judges"]
        },
    }
    text = json.dumps(metrics, ensure_ascii=False, indent=2)
    write_atomically(arguments.output, text + "\n")


def _history(model: Path) -> Iterator[dict[str, float]]:
    with (model / "history.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield {name: float(value) for name, value in row.items()}


def _search(model: Metrics) -> str:
    """Returns the name of a search; of a single one, `ecm_tf.evaluate` gives the settings only."""
    several = model["label"] != model["model"]
    return model["label"].removeprefix(f"{model['model']}, ") if several else model["search"]


def _part(evaluation: Metrics) -> dict[str, float | None]:
    model = evaluation["models"][0]
    # `--relevance_pairs 0` measures none.
    relevance = model["relevance"] or {"pairs": 0, "hits_at_1": None, "mrr": None}
    return {
        "perplexity": model["token_perplexity"]["value"],
        "ranked_pairs": relevance["pairs"],
        **{
            # A test part with too few responses has none.
            name: relevance[name] and relevance[name]["value"]
            for name in ("hits_at_1", "mrr")
        },
    }


def _replies(model: Metrics) -> dict[str, Any]:
    scores = model["replies"]
    return {
        "accuracy": {name: judge["accuracy"] for name, judge in model["judges"].items()},
        "accuracy_by_emotion": {
            name: judge["by_emotion"] for name, judge in model["judges"].items()
        },
        **{name: scores[name] for name in ("distinct_1", "distinct_2", "entropy", "top_10")},
        "mean_length": scores["mean_length"],
    }


def read_runs(results: Path) -> dict[str, list[Metrics]]:
    """Returns the metrics in a directory by name of the run, without its seed.

    Raises:
        InputError: there are none, or a file is not JSON.
    """
    runs: dict[str, list[Metrics]] = defaultdict(list)
    for path in sorted(results.glob("*.json")):
        runs[path.stem.rpartition("-")[0]].append(read_json(path, "metrics of a run"))
    if not runs:
        raise InputError(f"{results}: expected metrics of runs, got none.")
    return runs


def value_at(*keys: str) -> Callable[[Metrics], float | None]:
    """Returns a function that looks up nested keys in the metrics of a run; None without them."""

    def get(metrics: Metrics) -> float | None:
        value: Any = metrics
        for key in keys:
            value = value.get(key) if value else None
        return value

    return get


def _print_table(arguments: argparse.Namespace) -> None:
    runs = read_runs(arguments.results)
    metrics = [each for of_name in runs.values() for each in of_name]
    columns: dict[str, tuple[Callable[[Metrics], float | None], str]] = {}
    for part in _union(each["test"] for each in metrics):
        columns[f"{part} perplexity"] = value_at("test", part, "perplexity"), ".1f"
        columns[f"{part} hits@1"] = value_at("test", part, "hits_at_1"), ".3f"
        columns[f"{part} MRR"] = value_at("test", part, "mrr"), ".3f"
    for search in _union(each["replies"] for each in metrics):
        of_search = [each["replies"][search] for each in metrics if search in each["replies"]]
        for judge in _union(replies["accuracy"] for replies in of_search):
            get = value_at("replies", search, "accuracy", judge, "value")
            columns[f"accuracy, {search}, {judge}"] = get, ".3f"
        for title, name in (("distinct-2", "distinct_2"), ("top 10", "top_10")):
            columns[f"{title}, {search}"] = value_at("replies", search, name), ".3f"
    columns["seconds of training"] = value_at("training", "seconds"), ".0f"
    rows = [
        [
            name,
            of_name[0]["variant"],
            len(of_name),
            *(_spread(map(get, of_name), format) for get, format in columns.values()),
        ]
        for name, of_name in runs.items()
    ]
    print(markdown_table(["run", "variant", "seeds", *columns], rows))


def _union(names: Iterable[Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(name for each in names for name in each))


def _spread(values: Iterable[float | None], format: str) -> str:
    """Returns the mean, with the standard deviation if there are several values.

    If some seeds have no value, the number of those that do is given.
    """
    of_seeds = list(values)
    numbers = [value for value in of_seeds if value is not None]
    if not numbers:
        return ""
    shown = f"{mean(numbers):{format}}"
    if len(numbers) > 1:
        shown += f" ± {stdev(numbers):{format}}"
    return shown if len(numbers) == len(of_seeds) else f"{shown} (seeds: {len(numbers)})"


if __name__ == "__main__":
    run(main)
