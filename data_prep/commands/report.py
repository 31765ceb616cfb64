"""`report`: a page about a dataset directory."""

import argparse
from pathlib import Path

from data_prep.commands.parsers import Commands
from ecm_tf.core.command import suppress_native_stderr


def add(commands: Commands) -> None:
    """Adds the command's parser."""
    parser = commands.add_parser(
        "report",
        help="show what a dataset holds, as a page",
        description="Makes a page about a dataset directory, with its pictures: lengths, emotions, "
        "which emotion answers which, words, external memory, repetition, examples. The page is "
        "one HTML file that needs no other.",
        epilog="Example: python -m data_prep report build/dataset",
    )
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="the dataset directory")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIRECTORY",
        help="where to put the page (default: DATASET-report, beside the dataset)",
    )
    parser.add_argument(
        "--examples",
        type=int,
        default=5,
        metavar="N",
        help="pairs to show of each emotion (default: 5)",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace a report that the output has already"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Runs the command."""
    with suppress_native_stderr():
        from data_prep.report.pipeline import write_report

    dataset = arguments.dataset
    output = arguments.output or dataset.resolve().with_name(f"{dataset.resolve().name}-report")
    page = write_report(dataset, output, examples=arguments.examples, overwrite=arguments.overwrite)
    print(f"report: {page}")
