"""Measure models: `python -m ecm_tf.evaluate --train_dir MODEL… --dataset DATASET`."""

import argparse
import json
import tomllib
from collections.abc import Sequence
from pathlib import Path

from ecm_tf.config import RERANKED, SearchConfig
from ecm_tf.core import command
from ecm_tf.core.errors import InputError

PROG = "python -m ecm_tf.evaluate"


def parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Returns the command's argument parser."""
    result = argparse.ArgumentParser(
        prog=prog,
        description="Perplexity of one or several models on a split of a dataset: per token, and "
        "as the original program reports it (of the mean over sentences). With --judge, posts of "
        "the split are answered too, in every emotion, and emotion accuracy and the replies' "
        "diversity are measured.",
        epilog="Example: python -m ecm_tf.evaluate --dataset build/dataset --train_dir "
        "build/seq2seq build/ecm --judge build/classifier build/naive_bayes --output "
        "build/evaluation",
    )
    result.add_argument(
        "--train_dir", type=Path, required=True, nargs="+", help="model directories"
    )
    result.add_argument("--dataset", type=Path, required=True, help="made by data_prep build")
    result.add_argument("--split", choices=("train", "dev", "test"), default="test")
    result.add_argument("--batch_size", type=int, default=128)
    result.add_argument(
        "--judge",
        type=Path,
        nargs="+",
        default=[],
        metavar="CLASSIFIER",
        help="emotion classifiers, made by `data_prep classifier train`, that hear the emotion of "
        "replies; the first is the table's",
    )
    result.add_argument(
        "--posts", type=int, default=1000, help="posts to answer (default: %(default)s)"
    )
    result.add_argument(
        "--samples", type=int, default=5, help="posts to show with replies (default: %(default)s)"
    )
    result.add_argument(
        "--output",
        type=Path,
        metavar="DIRECTORY",
        help="write index.html with pictures, figures.json and table.md there",
    )
    how = result.add_argument_group("search")
    command.add_options(how, SearchConfig)
    how.add_argument(
        "--searches",
        type=Path,
        metavar="TOML",
        help="compare several searches instead: a table for each, named as it shall be called, "
        "with the settings above as keys",
    )
    return result


def _searches(arguments: argparse.Namespace) -> dict[str, SearchConfig]:
    """The searches asked for, by name."""
    config = SearchConfig(**command.options_of(SearchConfig, arguments))
    if arguments.searches is None:
        return {config.name: config}
    if config != SearchConfig():
        raise InputError(f"--searches: expected no other search beside it, got {config.name}.")
    try:
        tables = tomllib.loads(arguments.searches.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise InputError(f"{arguments.searches}: no such file; expected searches.") from error
    except ValueError as error:
        raise InputError(f"{arguments.searches}: expected TOML; {error}.") from error
    if not tables:
        raise InputError(f"{arguments.searches}: expected at least one search, got none.")
    for name, settings in tables.items():
        if not isinstance(settings, dict):
            raise InputError(f"{arguments.searches}: expected tables, got {name} = {settings!r}.")
    return {
        name: SearchConfig.from_dict(settings, f"{arguments.searches}: {name}")
        for name, settings in tables.items()
    }


def main(argv: Sequence[str] | None = None, prog: str = PROG) -> None:
    """The command; see `--help`."""
    arguments = command.parse(parser(prog), argv, lambda given: RERANKED if given.rerank else {})
    for name in ("batch_size", "posts"):
        if getattr(arguments, name) < 1:
            raise InputError(f"--{name}: expected at least 1, got {getattr(arguments, name)}.")
    if arguments.output and arguments.output.exists() and not arguments.output.is_dir():
        raise InputError(f"{arguments.output}: expected a directory, got a file.")
    judge_names = [directory.resolve().name for directory in arguments.judge]
    if len(set(judge_names)) < len(judge_names):
        raise InputError(f"--judge: expected directories of different names, got {judge_names}.")
    configs = _searches(arguments)
    with command.suppress_native_stderr():
        from dataclasses import asdict

        from ecm_tf.core.manifest import write_atomically
        from ecm_tf.data.directory import DatasetDirectory
        from ecm_tf.decoding.search import Search
        from ecm_tf.evaluation.model_evaluation import evaluate_model, evaluation_pairs
        from ecm_tf.evaluation.page import evaluation_page
        from ecm_tf.evaluation.table import table
        from ecm_tf.text.emotion_classifier import EmotionClassifier

    dataset = DatasetDirectory(arguments.dataset)
    if not dataset.manifest["counts"]["pairs"][arguments.split]:
        raise InputError(f"{arguments.dataset}: expected pairs in {arguments.split}, got none.")
    judges = dict(zip(judge_names, map(EmotionClassifier, arguments.judge), strict=True))
    pairs = evaluation_pairs(dataset, arguments.split, arguments.posts if judges else 0)
    searches = {name: Search(config) for name, config in configs.items()}
    evaluations, samples = [], []
    for directory in arguments.train_dir:
        measured = evaluate_model(
            directory,
            dataset,
            arguments.split,
            pairs,
            judges,
            searches,
            batch_size=arguments.batch_size,
            samples=arguments.samples if arguments.output else 0,
        )
        for evaluation, explained in measured:
            evaluations.append(evaluation)
            samples.append(explained)
        evaluation, _ = measured[0]
        print(
            f"{directory}  {evaluation.variant}  {arguments.split} perplexity "
            f"{evaluation.token_perplexity.value:.2f} per token, "
            f"{evaluation.sentence_perplexity:.2f} per sentence",
            flush=True,
        )
    if judges:
        print(f"\n{table(evaluations)}")
    if arguments.output:
        facts = {
            "dataset": dataset.directory.resolve().name,
            "split": arguments.split,
            "posts": len(pairs.posts),
            "searches": {name: config.to_dict() for name, config in configs.items()},
        }
        page, pictures = evaluation_page(
            evaluations, samples, arguments.train_dir, dataset.assets.emotions, facts
        )
        figures = {**facts, "models": [asdict(evaluation) for evaluation in evaluations]}
        text = json.dumps(figures, ensure_ascii=False, indent=2)
        arguments.output.mkdir(parents=True, exist_ok=True)
        for picture in pictures:
            (arguments.output / picture.name).write_bytes(picture.png)
        write_atomically(arguments.output / "figures.json", text + "\n")
        write_atomically(arguments.output / "table.md", table(evaluations) + "\n")
        write_atomically(arguments.output / "index.html", page)
        print(f"\nlook at: {arguments.output / 'index.html'}")


if __name__ == "__main__":
    command.run(main)
