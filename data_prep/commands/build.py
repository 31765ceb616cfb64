"""`build`: makes a dataset directory from a corpus."""

import argparse
from pathlib import Path

from data_prep.build.settings import BuildSettings
from data_prep.commands.parsers import (
    Commands,
    add_emotions,
    add_ray_address,
    add_workers,
    given_flags,
)
from data_prep.corpus.shards import SHARDS, find_splits
from data_prep.execution.executor import executor
from ecm_tf.core.command import add_options, options_of
from ecm_tf.core.imports import importing_tensorflow
from ecm_tf.core.released import model_directory


def add(commands: Commands) -> None:
    """Adds the command's parser."""
    parser = commands.add_parser(
        "build",
        help="make a dataset directory from a corpus of posts and responses",
        description="Makes a dataset directory (tokenizer, vocabularies, external memory, "
        "TFRecords) from a corpus of posts and responses, in which each response has an emotion.",
        epilog="Corpus formats: ecm, stc, nlpcc, lccc and json are JSON lists (lccc also with one "
        "dialogue per line); jsonl has one JSON object per line; tsv and csv are tables with a "
        "header line. The keys or columns of json, jsonl, tsv and csv are post, response, emotion "
        "(a name or id) and optionally post_emotion. Every file may be gzipped. "
        "Example: python -m data_prep build --train pairs.jsonl --output build/dataset",
    )
    files = parser.add_argument_group("files")
    files.add_argument(
        "--train",
        type=Path,
        nargs="+",
        action="extend",
        required=True,
        metavar="FILE",
        help=f"training corpus: {SHARDS}",
    )
    files.add_argument(
        "--dev",
        type=Path,
        nargs="+",
        action="extend",
        metavar="FILE",
        help="dev corpus, given like --train (default: a fraction of the training posts)",
    )
    files.add_argument(
        "--test",
        type=Path,
        nargs="+",
        action="extend",
        metavar="FILE",
        help="test corpus, given like --train (default: a fraction of the training posts)",
    )
    files.add_argument(
        "--ememory",
        type=Path,
        metavar="FILE",
        help="external memory: a JSON list with a list of emotion words for each category",
    )
    add_emotions(files)
    files.add_argument(
        "--assets",
        metavar="DIRECTORY",
        help="use tokenizer, vocabularies, categories and emotion words of this dataset, model or "
        "released model, so that the model's perplexity can be measured on this corpus (default: "
        "learn them from the training corpus)",
    )
    files.add_argument(
        "--output", type=Path, required=True, metavar="DIRECTORY", help="dataset directory to make"
    )
    files.add_argument("--overwrite", action="store_true", help="replace an existing dataset")
    add_options(parser.add_argument_group("settings"), BuildSettings)
    add_workers(
        parser,
        "processes that run jieba; with --ray_address local, number of tasks that run in parallel; "
        "refused for a cluster, which uses all its CPUs",
    )
    add_ray_address(parser, "source files and parts of the corpus")
    parser.set_defaults(run=run, parser=parser)


def run(arguments: argparse.Namespace) -> None:
    """Runs the command."""
    settings = BuildSettings(**options_of(BuildSettings, arguments))

    with importing_tensorflow():
        from data_prep.build.pipeline import build_dataset
        from data_prep.build.sources import DatasetSources
        from data_prep.build.summary import summary

    corpus = {split: getattr(arguments, split) for split in ("train", "dev", "test")}
    sources = DatasetSources(
        corpus=find_splits({split: paths for split, paths in corpus.items() if paths}),
        ememory=arguments.ememory,
        emotions=arguments.emotions,
        assets=None if arguments.assets is None else model_directory(arguments.assets),
    )
    with executor(arguments.ray_address, arguments.workers) as chosen:
        counts = build_dataset(
            sources,
            settings,
            arguments.output,
            given=given_flags(arguments),
            overwrite=arguments.overwrite,
            executor=chosen,
        )
    print(summary(counts, sources.categories()))
    print(f"dataset: {arguments.output}")
