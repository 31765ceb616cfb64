"""`sheet`: writes annotation sheets for a human evaluation."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ecm_tf.config import parse_search
from ecm_tf.core.arguments import positive_int, seed
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


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """Adds the command's parser."""
    parser = commands.add_parser(
        "sheet",
        help="write blinded annotation sheets",
        description="Generates the replies of models and searches to posts of a split in each "
        "emotion, and writes them in random order, without the names of the systems, to sheet.csv "
        "and sheet.html. Annotators score content (0, 1, 2) and emotion (0, 1) in either file. The "
        "key, which says which system wrote each row, is a file next to the directory.",
        epilog="Example: python -m ecm_tf.evaluate sheet --dataset build/dataset --train_dir "
        "build/seq2seq build/ecm --posts 200 --output build/human",
    )
    add_data(parser)
    parser.add_argument(
        "--posts",
        type=positive_int,
        default=200,
        help="posts to reply to, drawn from the split at random (default: %(default)s)",
    )
    parser.add_argument(
        "--emotions",
        nargs="+",
        action="extend",
        metavar="EMOTION",
        help="emotions to reply in, by name or number (default: all)",
    )
    parser.add_argument(
        "--sheet_seed",
        type=seed,
        default=0,
        metavar="SEED",
        help="random seed of the posts and of the order of the rows (default: %(default)s)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="DIRECTORY",
        help="directory for sheet.csv and sheet.html, to be given to annotators",
    )
    parser.add_argument(
        "--key",
        type=Path,
        metavar="JSON",
        help="file for the key, outside of that directory (default: DIRECTORY-key.json)",
    )
    add_searches(parser)


def run(parser: argparse.ArgumentParser, argv: Sequence[str]) -> None:
    """Runs the command with its parser and its arguments."""
    arguments, search = parser.parse_args(argv), parse_search(parser, argv)
    output: Path = arguments.output
    key_path: Path = arguments.key or output.resolve().with_name(
        f"{output.resolve().name}-key.json"
    )
    sheet, page = output / "sheet.csv", output / "sheet.html"
    _check_outputs(output, sheet, page, key_path)
    directories = named_directories(arguments.train_dir)
    configs = read_searches(arguments.searches, search)
    with importing_tensorflow():
        from ecm_tf.decoding.search import Search
        from ecm_tf.evaluation.human.key import blind
        from ecm_tf.evaluation.human.sheet import write_sheet
        from ecm_tf.evaluation.human.sheet_page import write_page
        from ecm_tf.evaluation.human.systems import sample_posts, system_replies

    dataset = open_split(arguments.dataset, arguments.split)
    emotions = dataset.assets.emotions
    ids = list(dict.fromkeys(map(emotions.id_of, arguments.emotions or emotions.names)))
    posts = sample_posts(dataset, arguments.split, arguments.posts, arguments.sheet_seed)
    searches = {name: Search(config) for name, config in configs.items()}
    make_directory(output)
    make_directory(key_path.parent)
    replies = system_replies(directories, searches, dataset, posts, ids)
    key = blind(replies, posts, [emotions[id_].name for id_ in ids], arguments.sheet_seed)
    key.save(key_path)
    write_page(page, key, {emotion.name: emotion.chinese for emotion in emotions})
    write_sheet(sheet, key)
    print(f"{len(key.rows)} rows: {sheet}, {page}\nkey: {key_path}")


def _check_outputs(output: Path, sheet: Path, page: Path, key: Path) -> None:
    require_output_directory(output)
    if key.resolve().is_relative_to(output.resolve()):
        raise InputError(f"--key: expected a file outside of {output}, got {key}.")
    for path in (sheet, page, key):
        if path.exists():
            raise InputError(
                f"{path}: expected a new file, because annotators may be at work on this one."
            )
