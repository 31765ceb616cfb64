"""Measures models: `python -m ecm_tf.evaluate --train_dir MODEL… --dataset DATASET`."""

import argparse
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ecm_tf.config import SearchConfig, parse_search
from ecm_tf.core import command
from ecm_tf.core.arguments import Parser, non_negative_int, positive_int, seed
from ecm_tf.core.errors import InputError
from ecm_tf.core.files import make_directory, require_output_directory
from ecm_tf.core.imports import importing_tensorflow
from ecm_tf.evaluate.systems import (
    add_data,
    add_searches,
    named_directories,
    open_split,
    read_searches,
)

if TYPE_CHECKING:
    from ecm_tf.evaluation.results import Evaluation


def parser(prog: str) -> argparse.ArgumentParser:
    """Returns the parser of the command, without its subcommands."""
    result = Parser(
        prog=prog,
        description="Measures one or several models on a split of a dataset: perplexity, per token "
        "and per sentence as the original program reports it; and relevance, the rank of the true "
        "response among ten candidates. With --judge, also generates replies to posts of the split "
        "in every emotion and measures emotion accuracy and diversity. The commands sheet and "
        "agree prepare and analyse a human evaluation.",
        epilog="Example: python -m ecm_tf.evaluate --dataset build/dataset --train_dir "
        "build/seq2seq build/ecm --judge build/classifier build/naive_bayes --output "
        "build/evaluation",
    )
    add_data(result)
    result.add_argument(
        "--batch_size", type=positive_int, default=128, help="pairs per batch (default: 128)"
    )
    result.add_argument(
        "--relevance_pairs",
        type=non_negative_int,
        default=1000,
        metavar="N",
        help="pairs whose true response is ranked among nine other responses of its emotion; 0 "
        "turns the measurement off (default: %(default)s)",
    )
    result.add_argument(
        "--relevance_seed",
        type=seed,
        default=0,
        metavar="SEED",
        help="random seed of these pairs and of the other responses (default: %(default)s)",
    )
    result.add_argument(
        "--judge",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        metavar="CLASSIFIER",
        help="emotion classifiers, made by `data_prep classifier train`, that predict the emotion "
        "of replies; the detailed tables use the first",
    )
    result.add_argument(
        "--posts", type=positive_int, default=1000, help="posts to reply to (default: %(default)s)"
    )
    result.add_argument(
        "--samples",
        type=non_negative_int,
        default=5,
        help="posts shown with replies (default: %(default)s)",
    )
    result.add_argument(
        "--output",
        type=Path,
        metavar="DIRECTORY",
        help="write index.html with plots, metrics.json and table.md there",
    )
    add_searches(result)
    return result


def run(parser: argparse.ArgumentParser, argv: Sequence[str]) -> None:
    """Runs the command with its parser and its arguments."""
    arguments, search = parser.parse_args(argv), parse_search(parser, argv)
    _check_arguments(arguments, command.given_options(SearchConfig, parser, argv))
    directories = named_directories(arguments.train_dir)
    configs = read_searches(arguments.searches, search)
    with importing_tensorflow():
        from ecm_tf.decoding.search import Search
        from ecm_tf.evaluation.compatibility import check_model
        from ecm_tf.evaluation.model_evaluation import evaluate_model
        from ecm_tf.evaluation.pairs import evaluation_pairs
        from ecm_tf.evaluation.relevance import draw_candidates, read_pairs
        from ecm_tf.evaluation.table import table
        from ecm_tf.text.emotion_classifier import EmotionClassifier

    dataset = open_split(arguments.dataset, arguments.split)
    judges = {
        name: EmotionClassifier(directory)
        for name, directory in zip(_judge_names(arguments), arguments.judge, strict=True)
    }
    searches = {name: Search(config) for name, config in configs.items()}
    for directory in directories.values():
        check_model(directory, dataset, judges, searches.values() if judges else [])
    if arguments.output:  # not only when everything is measured
        make_directory(arguments.output)
    pairs = evaluation_pairs(dataset, arguments.split, arguments.posts if judges else 0)
    candidates = None
    if arguments.relevance_pairs:
        split_pairs = read_pairs(dataset, arguments.split)
        candidates = draw_candidates(
            split_pairs, arguments.relevance_pairs, arguments.relevance_seed
        )
    measurements = []
    for name, directory in directories.items():
        results = evaluate_model(
            directory,
            dataset,
            arguments.split,
            pairs,
            judges,
            searches,
            name=name,
            candidates=candidates,
            batch_size=arguments.batch_size,
            samples=arguments.samples if arguments.output else 0,
        )
        measurements += results
        _print_results(directory, arguments.split, results[0].evaluation)
    if judges:
        print(f"\n{table([measurement.evaluation for measurement in measurements])}")
    if arguments.output:
        from ecm_tf.evaluation.page import write_report

        facts = {
            "dataset": dataset.directory.resolve().name,
            "split": arguments.split,
            "posts": len(pairs.posts),
            "relevance_seed": arguments.relevance_seed,
            "searches": {name: config.to_dict() for name, config in configs.items()},
        }
        emotions = dataset.assets.emotions
        write_report(arguments.output, measurements, directories, emotions, facts)
        print(f"\nlook at: {arguments.output / 'index.html'}")


def _check_arguments(arguments: argparse.Namespace, search: Collection[str]) -> None:
    require_output_directory(arguments.output)
    search_flags = [*search, *(["searches"] if arguments.searches else [])]
    if search_flags and not arguments.judge:
        raise InputError(
            f"--{search_flags[0]}: expected --judge; without it no replies are generated."
        )
    names = _judge_names(arguments)
    if len(set(names)) < len(names):
        raise InputError(f"--judge: expected directories of different names, got {names}.")


def _judge_names(arguments: argparse.Namespace) -> list[str]:
    return [directory.resolve().name for directory in arguments.judge]


def _print_results(directory: Path, split: str, evaluation: "Evaluation") -> None:
    print(
        f"{directory}  {evaluation.variant}  {split} perplexity "
        f"{evaluation.token_perplexity.value:.2f} per token, "
        f"{evaluation.sentence_perplexity:.2f} per sentence",
        flush=True,
    )
    if ranked := evaluation.relevance:
        figures = "no pair has nine other responses of its emotion"
        if ranked.hits_at_1 and ranked.mrr:
            figures = f"hits@1 of 10 {ranked.hits_at_1.value:.3f}, MRR {ranked.mrr.value:.3f}"
        print(
            f"{directory}  {figures} ({ranked.pairs} pairs, {ranked.left_out} left out)", flush=True
        )
