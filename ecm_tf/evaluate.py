"""The evaluation command: `python -m ecm_tf.evaluate --train_dir MODEL… --dataset DATASET`."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ecm_tf.config import SearchConfig, parse_search
from ecm_tf.core import command
from ecm_tf.core.arguments import Parser, non_negative_int, positive_int
from ecm_tf.core.errors import InputError
from ecm_tf.core.files import read_toml, require_directory

if TYPE_CHECKING:
    from ecm_tf.evaluation.results import Evaluation

PROG = "python -m ecm_tf.evaluate"


def parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Returns the command's argument parser."""
    result = Parser(
        prog=prog,
        description="Measures the perplexity of one or several models on a split of a dataset: per "
        "token, and per sentence as the original program reports it. With --judge, also generates "
        "replies to posts of the split in every emotion and measures emotion accuracy and "
        "diversity.",
        epilog="Example: python -m ecm_tf.evaluate --dataset build/dataset --train_dir "
        "build/seq2seq build/ecm --judge build/classifier build/naive_bayes --output "
        "build/evaluation",
    )
    result.add_argument(
        "--train_dir", type=Path, required=True, nargs="+", help="model directories"
    )
    result.add_argument(
        "--dataset", type=Path, required=True, help="dataset directory, made by data_prep build"
    )
    result.add_argument("--split", choices=("train", "dev", "test"), default="test")
    result.add_argument("--batch_size", type=positive_int, default=128)
    result.add_argument(
        "--judge",
        type=Path,
        nargs="+",
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
        help="write index.html with plots, figures.json and table.md there",
    )
    search = result.add_argument_group("search")
    command.add_options(search, SearchConfig)
    search.add_argument(
        "--searches",
        type=Path,
        metavar="TOML",
        help="compare several searches instead: a TOML file with one table per search; the name of "
        "the table is the label, its keys are the settings above",
    )
    return result


def main(argv: Sequence[str] | None = None, prog: str = PROG) -> None:
    """Runs the command; see `--help`."""
    arguments, search = parse_search(parser(prog), argv)
    _check_arguments(arguments)
    directories = _named_directories(arguments.train_dir)
    configs = _read_searches(arguments.searches, search)
    with command.suppress_native_stderr():
        from ecm_tf.data.directory import DatasetDirectory
        from ecm_tf.decoding.search import Search
        from ecm_tf.evaluation.model_evaluation import evaluate_model
        from ecm_tf.evaluation.pairs import evaluation_pairs
        from ecm_tf.evaluation.table import table
        from ecm_tf.text.emotion_classifier import EmotionClassifier

    dataset = DatasetDirectory(arguments.dataset)
    if not dataset.manifest["counts"]["pairs"][arguments.split]:
        raise InputError(f"{arguments.dataset}: expected pairs in {arguments.split}, got none.")
    judges = {
        name: EmotionClassifier(directory)
        for name, directory in zip(_judge_names(arguments), arguments.judge, strict=True)
    }
    pairs = evaluation_pairs(dataset, arguments.split, arguments.posts if judges else 0)
    searches = {name: Search(config) for name, config in configs.items()}
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
            batch_size=arguments.batch_size,
            samples=arguments.samples if arguments.output else 0,
        )
        measurements += results
        _print_perplexities(directory, arguments.split, results[0].evaluation)
    if judges:
        print(f"\n{table([measurement.evaluation for measurement in measurements])}")
    if arguments.output:
        from ecm_tf.evaluation.page import write_report

        facts = {
            "dataset": dataset.directory.resolve().name,
            "split": arguments.split,
            "posts": len(pairs.posts),
            "searches": {name: config.to_dict() for name, config in configs.items()},
        }
        emotions = dataset.assets.emotions
        write_report(arguments.output, measurements, directories, emotions, facts)
        print(f"\nlook at: {arguments.output / 'index.html'}")


def _check_arguments(arguments: argparse.Namespace) -> None:
    if arguments.output and arguments.output.exists():
        require_directory(arguments.output, "a directory")
    names = _judge_names(arguments)
    if len(set(names)) < len(names):
        raise InputError(f"--judge: expected directories of different names, got {names}.")


def _named_directories(directories: Sequence[Path]) -> dict[str, Path]:
    """Returns model directories by name: the shortest ends of their paths that differ."""
    parts = [directory.resolve().parts for directory in directories]
    if len(set(parts)) < len(parts):
        raise InputError(
            f"--train_dir: expected different directories, got {_listed(directories)}."
        )
    for length in range(1, max(map(len, parts)) + 1):
        # A hyphen, because names become file names as well.
        names = ["-".join(part[-length:]) for part in parts]
        if len(set(names)) == len(names):
            return dict(zip(names, directories, strict=True))
    raise InputError(
        f"--train_dir: expected directories of different names, got {_listed(directories)}."
    )


def _listed(paths: Sequence[Path]) -> str:
    return ", ".join(map(str, paths))


def _judge_names(arguments: argparse.Namespace) -> list[str]:
    return [directory.resolve().name for directory in arguments.judge]


def _read_searches(path: Path | None, config: SearchConfig) -> dict[str, SearchConfig]:
    """Returns the searches of a file by name; without a file, the one that the flags describe."""
    if path is None:
        return {config.name: config}
    if config != SearchConfig():
        raise InputError(f"--searches: expected no other search flags, got {config.name}.")
    tables = read_toml(path, "a TOML file of searches")
    if not tables:
        raise InputError(f"{path}: expected at least one search, got none.")
    for name, settings in tables.items():
        if not isinstance(settings, dict):
            raise InputError(f"{path}: expected tables, got {name} = {settings!r}.")
    return {
        name: SearchConfig.from_dict(settings, f"{path}: {name}")
        for name, settings in tables.items()
    }


def _print_perplexities(directory: Path, split: str, evaluation: "Evaluation") -> None:
    print(
        f"{directory}  {evaluation.variant}  {split} perplexity "
        f"{evaluation.token_perplexity.value:.2f} per token, "
        f"{evaluation.sentence_perplexity:.2f} per sentence",
        flush=True,
    )


if __name__ == "__main__":
    command.run(main)
