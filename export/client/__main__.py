"""Sends posts to a server and prints the replies: `python -m export.client ADDRESS POST…`."""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from ecm_tf.core import command
from ecm_tf.core.arguments import Parser, positive_int, seconds
from ecm_tf.core.errors import InputError
from ecm_tf.core.files import read_lines
from ecm_tf.core.native_stderr import suppress_native_stderr
from ecm_tf.inference.reply import Reply
from ecm_tf.inference.word_segmentation import is_raw_chinese, is_split_chinese
from export import MODEL_NAME
from export.client.client import Client
from export.client.transport import ADDRESSES
from export.version_directories import version

PROG = "python -m export.client"
_SPLIT_POSTS_WARNING = (
    "warning: the model was trained on text split by spaces, but a post is raw Chinese; "
    "give --split_posts, or separate the words with spaces."
)


def parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Returns the command's argument parser."""
    result = Parser(
        prog=prog,
        description="Request replies from TF Serving or export.serve, to posts given as arguments "
        "or in a file. Without --emotion, every post gets one reply per emotion.",
        epilog="Example: python -m export.client http://127.0.0.1:8501 今天又加班到十点。",
    )
    result.add_argument(
        "address",
        help=f"{ADDRESSES}; https and grpcs use TLS",
    )
    result.add_argument("post", nargs="*", help="post as raw text")
    result.add_argument(
        "--file", type=Path, help="UTF-8 file with one post per line; prints JSON Lines"
    )
    result.add_argument(
        "--emotion",
        help="requested emotion: English name, Chinese name or id; auto: the model chooses, if it "
        "was trained with --predict_emotion",
    )
    result.add_argument(
        "--n_best", action="store_true", help="with --emotion: print several replies, best first"
    )
    result.add_argument(
        "--model", default=MODEL_NAME, help="name of the served model (default: %(default)s)"
    )
    result.add_argument(
        "--version",
        type=version,
        help="version to request (default: the newest)",
    )
    result.add_argument(
        "--timeout",
        type=seconds,
        default=30.0,
        help="seconds to wait for the response to a request (default: %(default)s)",
    )
    result.add_argument(
        "--posts_per_request",
        type=positive_int,
        default=32,
        help="posts of --file in one request; servers have a limit (default: %(default)s)",
    )
    result.add_argument(
        "--split_posts",
        action="store_true",
        help="split raw Chinese into words before it is sent, for a model that was trained on text "
        "split by spaces",
    )
    result.add_argument(
        "--ca_cert",
        type=Path,
        metavar="FILE",
        help="PEM file with the certificates to trust, for a server whose certificate is not from "
        "a public authority",
    )
    result.add_argument(
        "--token_file",
        type=Path,
        metavar="FILE",
        help="file with one line, the server's token; without TLS it is sent only to this machine",
    )
    return result


def _any_split(replies: Sequence[Reply]) -> bool:
    return any(is_split_chinese(reply.text) for reply in replies)


def _replies(
    client: Client, posts: Sequence[str], per_request: int, emotion: str | None, n_best: bool
) -> Iterator[tuple[str, list[Reply]]]:
    """Yields each post with its replies."""
    for start in range(0, len(posts), per_request):
        batch = posts[start : start + per_request]
        if emotion is None:
            replies = client.all_emotions(batch)
        elif n_best:
            replies = client.n_best(batch, [emotion] * len(batch))
        else:
            replies = [[reply] for reply in client.answer(batch, [emotion] * len(batch))]
        yield from zip(batch, replies, strict=True)


def main(argv: Sequence[str] | None = None, prog: str = PROG) -> None:
    """Runs the command; see `--help`."""
    arguments = parser(prog).parse_args(argv)
    if bool(arguments.post) == bool(arguments.file):
        raise InputError("post: expected either posts or --file.")
    if arguments.n_best and arguments.emotion is None:
        raise InputError("--n_best: expected --emotion as well.")
    posts = arguments.post
    if arguments.file:
        posts = read_lines(arguments.file, "a text file with one post per line")
    # The exception has the reason; gRPC would log it, too.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    with suppress_native_stderr():
        client = Client(
            arguments.address,
            arguments.model,
            arguments.version,
            arguments.timeout,
            split_posts=arguments.split_posts,
            ca_cert=arguments.ca_cert,
            token_file=arguments.token_file,
        )
    warned = arguments.split_posts
    with client, tqdm(total=len(posts), unit=" posts", disable=None) as bar:
        for post, replies in _replies(
            client, posts, arguments.posts_per_request, arguments.emotion, arguments.n_best
        ):
            if arguments.file:
                rows = [{"emotion": r.emotion, "text": r.text, "score": r.score} for r in replies]
                tqdm.write(json.dumps({"post": post, "replies": rows}, ensure_ascii=False))
            else:
                tqdm.write("\n".join([post, *(f"{r.emotion}: {r.text}" for r in replies)]))
            if not warned and is_raw_chinese(post) and _any_split(replies):
                warned = True
                tqdm.write(_SPLIT_POSTS_WARNING, file=sys.stderr)
            bar.update()


if __name__ == "__main__":
    command.run(main)
