"""Ask a server: `python -m export.client ADDRESS POST…`."""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from ecm_tf.core import command
from ecm_tf.core.errors import InputError
from export import MODEL_NAME
from export.client.client import Client, Reply

BATCH = 32
"""Posts of a request."""

PROG = "python -m export.client"


def parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Returns the command's argument parser."""
    result = argparse.ArgumentParser(
        prog=prog,
        description="Ask TF Serving or export.serve for replies: to posts given here, or to a file "
        "of posts, a line each. Without --emotion, in every emotion.",
        epilog="Example: python -m export.client http://127.0.0.1:8501 今天又加班到十点。",
    )
    result.add_argument(
        "address", help="http://HOST:PORT, https://HOST:PORT (REST) or grpc://HOST:PORT"
    )
    result.add_argument("post", nargs="*", help="raw text")
    result.add_argument("--file", type=Path, help="UTF-8, a post a line; answers are JSON Lines")
    result.add_argument("--emotion", help="an English or Chinese name, or an id")
    result.add_argument(
        "--n_best", action="store_true", help="with --emotion: several replies, best first"
    )
    result.add_argument("--model", default=MODEL_NAME, help="(default: %(default)s)")
    result.add_argument("--version", type=int, help="(default: the newest)")
    result.add_argument(
        "--timeout", type=float, default=30.0, help="seconds to wait (default: %(default)s)"
    )
    return result


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; expected a post a line.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: expected UTF-8; {error}.") from error


def _answers(
    client: Client, posts: Sequence[str], emotion: str | None, n_best: bool
) -> Iterator[tuple[str, list[Reply]]]:
    for start in range(0, len(posts), BATCH):
        batch = posts[start : start + BATCH]
        if emotion is None:
            replies = client.all_emotions(batch)
        elif n_best:
            replies = client.n_best(batch, [emotion] * len(batch))
        else:
            replies = [[reply] for reply in client.answer(batch, [emotion] * len(batch))]
        yield from zip(batch, replies, strict=True)


def main(argv: Sequence[str] | None = None, prog: str = PROG) -> None:
    """The command; see `--help`."""
    arguments = parser(prog).parse_args(argv)
    if bool(arguments.post) == bool(arguments.file):
        raise InputError("expected either posts or --file.")
    if arguments.n_best and arguments.emotion is None:
        raise InputError("--n_best: expected --emotion beside it.")
    posts = _lines(arguments.file) if arguments.file else arguments.post
    with command.suppress_native_stderr():
        client = Client(arguments.address, arguments.model, arguments.version, arguments.timeout)
    with client, tqdm(total=len(posts), unit=" posts", disable=None) as bar:
        for post, replies in _answers(client, posts, arguments.emotion, arguments.n_best):
            if arguments.file:
                row = {"post": post, "replies": [asdict(reply) for reply in replies]}
                tqdm.write(json.dumps(row, ensure_ascii=False))
            else:
                tqdm.write("\n".join([post, *(f"{r.emotion}: {r.text}" for r in replies)]))
            bar.update()


if __name__ == "__main__":
    command.run(main)
