"""Counts replies with blocked words, with and without blocking, in all candidates of the search.

python -m experiments.blocked_replies --model zh --dataset DATASET --block_words FILE [--posts N]

The words are searched in the text of the replies by a regular expression, which shares no code with
the decoder: Chinese words anywhere, other words as whole words, in any letter case.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

import ecm_tf
from ecm_tf import Chatbot
from ecm_tf.core.arguments import Parser, positive_int
from ecm_tf.core.command import run
from ecm_tf.core.errors import InputError
from ecm_tf.core.released import add_model_flags
from ecm_tf.data.directory import DatasetDirectory
from ecm_tf.decoding.blocked_words import read_block_words
from ecm_tf.evaluation.pairs import evaluation_pairs
from ecm_tf.inference.reply import Reply
from ecm_tf.report.tables import markdown_table


def main(argv: list[str] | None = None) -> None:
    """Runs the command; see the module."""
    parser = Parser(prog="python -m experiments.blocked_replies", description=__doc__)
    add_model_flags(parser, "model directory")
    parser.add_argument("--dataset", type=Path, required=True, help="dataset directory")
    parser.add_argument("--split", default="test", choices=["train", "dev", "test"])
    parser.add_argument("--block_words", type=Path, required=True, help="file of blocked words")
    parser.add_argument(
        "--posts",
        type=positive_int,
        default=105,
        help="first N different posts (default: %(default)s)",
    )
    parser.add_argument(
        "--n_best",
        type=positive_int,
        default=16,
        help="replies to each post in each emotion (default: %(default)s, all candidates of a "
        "reranked search)",
    )
    arguments = parser.parse_args(argv)
    bot = ecm_tf.load(arguments.train_dir)
    pattern = blocked_pattern(read_block_words(str(arguments.block_words)))
    dataset = DatasetDirectory(arguments.dataset)
    posts = evaluation_pairs(dataset, arguments.split, arguments.posts).posts
    if not posts:
        raise InputError(f"{arguments.dataset}: expected pairs in {arguments.split}, got none.")
    rows = []
    for name, blocked in (("no", None), ("yes", str(arguments.block_words))):
        replies = list(_replies(bot, posts, arguments.n_best, blocked))
        found = sum(bool(pattern.search(reply)) for reply in replies)
        rows.append([name, len(replies), len(set(replies)), found])
    header = ["words blocked", "replies", "different replies", "replies with a blocked word"]
    print(markdown_table(header, rows))


def blocked_pattern(words: Sequence[str]) -> re.Pattern[str]:
    """Returns a pattern that matches texts with at least one of the words."""
    alternatives = []
    for word in words:
        begin = r"(?<![a-z0-9])" if re.match(r"[a-z0-9]", word, re.IGNORECASE) else ""
        end = r"(?![a-z0-9])" if re.search(r"[a-z0-9]$", word, re.IGNORECASE) else ""
        alternatives.append(begin + re.escape(word) + end)
    return re.compile("|".join(alternatives), re.IGNORECASE)


def _replies(bot: Chatbot, posts: list[str], n_best: int, blocked: str | None) -> Iterator[str]:
    for post in tqdm(posts, desc="posts", unit=" posts"):
        for row in bot.replies(post, n_best=n_best, block_words=blocked):
            for reply in [row] if isinstance(row, Reply) else row:
                yield reply.text


if __name__ == "__main__":
    run(main)
