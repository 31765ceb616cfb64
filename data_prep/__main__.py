"""The commands of data preparation: `python -m data_prep COMMAND …`.

A command is a function that adds its parser and names what runs it; `COMMANDS` lists them. Modules
that need TensorFlow are imported when a command runs, so that `--help` is quick.
"""

import argparse
import os
from pathlib import Path
from typing import Any

from data_prep.settings import BuildSettings
from ecm_tf import emotions
from ecm_tf.command import add_options, native_silence, options_of, run

Commands = Any
"""What `add_subparsers` returns; argparse has no public name for it."""


def add_build(commands: Commands) -> None:
    """Adds `build`."""
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
    files.add_argument(
        "--emotions",
        type=Path,
        metavar="FILE",
        help='categories of your own: a JSON list of {"name": …, "chinese": …, "aliases": […]} '
        f"(default: {emotions.DEFAULT.allowed})",
    )
    files.add_argument(
        "--output", type=Path, required=True, metavar="DIRECTORY", help="the dataset to make"
    )
    files.add_argument(
        "--overwrite", action="store_true", help="replace a dataset that --output has already"
    )
    add_options(parser.add_argument_group("settings"), BuildSettings)
    parser.add_argument(
        "--workers",
        type=int,
        default=os.cpu_count() or 1,
        help="processes that segment text (default: one for each core)",
    )
    parser.set_defaults(run=run_build)


def run_build(arguments: argparse.Namespace) -> None:
    """Runs `build`."""
    settings = BuildSettings(**options_of(BuildSettings, arguments))

    with native_silence():
        from data_prep.build import Sources, build
        from data_prep.summary import summary

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


def add_sample(commands: Commands) -> None:
    """Adds `sample`."""
    parser = commands.add_parser(
        "sample",
        help="write a small Chinese sample corpus with its lexicon",
        description="Writes a small Chinese sample corpus with its lexicon, to try things with.",
    )
    parser.add_argument(
        "--output", type=Path, required=True, metavar="DIRECTORY", help="where to write its files"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the generator (default: 0)")
    parser.set_defaults(run=run_sample)


def run_sample(arguments: argparse.Namespace) -> None:
    """Runs `sample`."""
    from data_prep.sample import write_sample

    write_sample(arguments.output, arguments.seed)
    print(f"sample corpus: {arguments.output}")


COMMANDS = (add_build, add_sample)


def main(argv: list[str] | None = None) -> None:
    """Parses the command line and runs its command."""
    parser = argparse.ArgumentParser(
        prog="python -m data_prep",
        description="Prepares data: from a corpus of posts and responses to a training dataset.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in COMMANDS:
        add(commands)
    arguments = parser.parse_args(argv)
    arguments.run(arguments)


if __name__ == "__main__":
    run(main)
