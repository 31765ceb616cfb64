"""`build`: a corpus becomes a dataset directory."""

import argparse
from pathlib import Path

from data_prep.build.settings import BuildSettings
from data_prep.commands.parsers import Commands, add_emotions, add_workers
from ecm_tf.core.command import add_options, options_of, suppress_native_stderr


def add(commands: Commands) -> None:
    """Adds the command's parser."""
    parser = commands.add_parser(
        "build",
        help="make a dataset directory from a corpus of posts and responses",
        description="Makes a dataset directory from a corpus of posts and responses, each response "
        "with an emotion: tokenizer, vocabularies, external memory and TFRecords.",
        epilog="Corpus formats: ecm, stc, nlpcc and lccc are JSON lists; jsonl has a JSON object a "
        "line; tsv is a table with tabs and a header line. jsonl and tsv name post, response, "
        "emotion (a name or id) and perhaps post_emotion. Every file may be gzipped. "
        "Example: python -m data_prep build --train pairs.jsonl --output build/dataset",
    )
    files = parser.add_argument_group("files")
    files.add_argument(
        "--train", type=Path, nargs="+", required=True, metavar="FILE", help="corpus"
    )
    files.add_argument(
        "--dev", type=Path, nargs="+", metavar="FILE", help="else a part of the training posts"
    )
    files.add_argument(
        "--test", type=Path, nargs="+", metavar="FILE", help="else a part of the training posts"
    )
    files.add_argument(
        "--ememory",
        type=Path,
        metavar="FILE",
        help="external memory: a JSON list with a list of emotion words for each category",
    )
    add_emotions(files)
    files.add_argument(
        "--output", type=Path, required=True, metavar="DIRECTORY", help="the dataset to make"
    )
    files.add_argument(
        "--overwrite", action="store_true", help="replace a dataset that --output has already"
    )
    add_options(parser.add_argument_group("settings"), BuildSettings)
    add_workers(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Runs the command."""
    settings = BuildSettings(**options_of(BuildSettings, arguments))

    with suppress_native_stderr():
        from data_prep.build.pipeline import Sources, build
        from data_prep.build.summary import summary

    corpus = {split: getattr(arguments, split) for split in ("train", "dev", "test")}
    sources = Sources(
        corpus={split: paths for split, paths in corpus.items() if paths},
        ememory=arguments.ememory,
        emotions=arguments.emotions,
    )
    counts = build(
        sources,
        settings,
        arguments.output,
        overwrite=arguments.overwrite,
        workers=arguments.workers,
    )
    print(summary(counts, sources.categories()))
    print(f"dataset: {arguments.output}")
