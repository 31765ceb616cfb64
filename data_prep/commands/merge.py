"""`merge`: makes one corpus from several sources."""

import argparse
from pathlib import Path

from data_prep.commands.parsers import Commands
from data_prep.merge.settings import MergeSettings
from ecm_tf.core.command import add_options, options_of


def add(commands: Commands) -> None:
    """Adds the command's parser."""
    parser = commands.add_parser(
        "merge",
        help="make one deduplicated corpus from several sources",
        description="Makes one corpus from several sources: filters pairs, drops equal and "
        "near-equal ones, and writes train, dev and test, which share no post and no "
        "near-duplicate of a post. The report counts what each source gave and lost.",
        epilog="SOURCES has a table [sources.NAME] for each source, with paths or glob patterns "
        "train, dev and test (at least one of them), and optionally dev_fraction and "
        "test_fraction of the posts of train, weight (2 writes each training pair twice, 0.5 every "
        "other one), format, terms and url. terms are required unless the file begins with "
        "require_terms = false. Of equal pairs, that of the first source is kept. "
        "Example: python -m data_prep merge sources.toml --data corpora --output build/corpus",
    )
    files = parser.add_argument_group("files")
    files.add_argument("sources", type=Path, metavar="SOURCES", help="TOML file of the sources")
    files.add_argument(
        "--data",
        type=Path,
        metavar="DIRECTORY",
        help="directory that paths are relative to (default: that of SOURCES)",
    )
    files.add_argument(
        "--output", type=Path, required=True, metavar="DIRECTORY", help="corpus directory to make"
    )
    files.add_argument("--overwrite", action="store_true", help="replace an existing corpus")
    add_options(parser.add_argument_group("settings"), MergeSettings)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Runs the command."""
    settings = MergeSettings(**options_of(MergeSettings, arguments))

    from data_prep.merge.pipeline import merge_corpora
    from data_prep.merge.report import count_table
    from data_prep.merge.sources import SourceList

    sources = SourceList.load(arguments.sources, arguments.data)
    counts = merge_corpora(sources, settings, arguments.output, overwrite=arguments.overwrite)
    print(count_table(counts))
    print(f"corpus: {arguments.output}")
