"""Time that a person waits for replies: greedy in one emotion, and reranked in every emotion.

Measures the Python API on a trained model, one post at a time, from raw text to replies. The first
call of a search, which compiles it, has a row of its own.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import ecm_tf
from benchmarks.report import Row, run
from ecm_tf.config import read_search_defaults
from ecm_tf.core.errors import InputError
from ecm_tf.core.released import add_model_flags

POSTS = ("今天又加班到十点。", "我们家的猫走丢了，怎么办？", "明天就放假了！", "你好")
REPEATS = 7
GREEDY_TARGET, RERANKED_TARGET = 60, 1000


def _milliseconds(function: Callable[[str], Any], post: str) -> float:
    start = time.perf_counter()
    function(post)
    return 1000 * (time.perf_counter() - start)


def _flags(parser: argparse.ArgumentParser) -> None:
    add_model_flags(parser, "model directory")
    parser.add_argument(
        "--rerank", type=Path, metavar="CLASSIFIER", help="classifier (default: the model's own)"
    )
    parser.add_argument(
        "--post", action="append", help="post to reply to; may be repeated (default: four posts)"
    )


def rows(arguments: argparse.Namespace) -> Iterator[Row]:
    """Yields the rows of the table."""
    classifier = arguments.rerank or read_search_defaults(arguments.train_dir).get("rerank")
    if classifier is None:
        raise InputError(f"{arguments.train_dir}: expected --rerank, got no classifier.")
    start = time.perf_counter()
    bot = ecm_tf.load(arguments.train_dir)
    yield {"what": "load the model", "ms": 1000 * (time.perf_counter() - start)}
    posts = arguments.post or POSTS
    searches: list[tuple[str, Callable[[str], Any], int]] = [
        ("one greedy reply", lambda post: bot.reply(post, 1, decoder="greedy"), GREEDY_TARGET),
        (
            f"{len(bot.emotions)} reranked replies",
            lambda post: bot.replies(post, rerank=str(classifier)),
            RERANKED_TARGET,
        ),
    ]
    for name, search, target in searches:
        yield {"what": f"{name}, first call", "ms": _milliseconds(search, posts[0])}
        durations = [
            _milliseconds(search, post)
            for _ in range(1 if arguments.quick else REPEATS)
            for post in posts
        ]
        median = statistics.median(durations)
        yield {
            "what": name,
            "ms": median,
            "slowest, ms": max(durations),
            "target": target,
            "met": median < target,
        }


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the command; see `--help`."""
    run("replies", __doc__, rows, _flags, argv)


if __name__ == "__main__":
    main()
