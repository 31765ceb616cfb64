"""`report`: makes a page about a dataset directory."""

import argparse
from pathlib import Path

from data_prep.commands.parsers import Commands
from ecm_tf.core.arguments import positive_int
from ecm_tf.core.imports import importing_tensorflow


def add(commands: Commands) -> None:
    """Adds the command's parser."""
    parser = commands.add_parser(
        "report",
        help="make a page with the statistics of a dataset",
        description="Makes a page about a dataset directory with tables and pictures: lengths, "
        "emotions of posts and responses, words, external memory, repetition and examples. The "
        "page is one self-contained HTML file.",
        epilog="Example: python -m data_prep report build/dataset",
    )
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="the dataset directory")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIRECTORY",
        help="report directory to make (default: DATASET-report, beside the dataset)",
    )
    parser.add_argument(
        "--examples",
        type=positive_int,
        default=5,
        metavar="N",
        help="example pairs per emotion (default: 5)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an existing report")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Runs the command."""
    with importing_tensorflow():
        from data_prep.report.pipeline import make_report

    dataset = arguments.dataset
    output = arguments.output or dataset.resolve().with_name(f"{dataset.resolve().name}-report")
    page = make_report(dataset, output, examples=arguments.examples, overwrite=arguments.overwrite)
    print(f"report: {page}")
