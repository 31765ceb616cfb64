"""The chat command, `python -m ecm_tf.chat`: reads posts, prints replies."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

from ecm_tf.config import add_search_options, parse_search
from ecm_tf.core import command
from ecm_tf.core.arguments import Parser, positive_int
from ecm_tf.core.files import make_directory, require_output_directory
from ecm_tf.core.imports import importing_tensorflow
from ecm_tf.core.released import add_model_flags
from ecm_tf.inference.reply import Reply
from ecm_tf.inference.requests import emotion_id

if TYPE_CHECKING:
    from ecm_tf import Chatbot
    from ecm_tf.inference.explanation_page import ExplainedReply

PROG = "python -m ecm_tf.chat"


def parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Returns the command's argument parser."""
    result = Parser(
        prog=prog,
        description="Reads posts, one per line, from the terminal or a pipe, and prints a reply in "
        "every emotion. Posts are raw text, or split by spaces for a model of --segmenter "
        "whitespace.",
    )
    add_model_flags(result, "model directory", default=True)
    result.add_argument(
        "--emotion",
        action="append",
        help="requested emotion: English name, Chinese name or id; auto: the model chooses, if it "
        "was trained with --predict_emotion; may be repeated (default: all)",
    )
    search = add_search_options(result)
    search.add_argument(
        "--beam_search",
        action="store_const",
        const="beam",
        dest="decoder",
        help="same as --decoder beam; the original program's flag",
    )
    result.add_argument(
        "--n_best",
        type=positive_int,
        default=1,
        help="number of replies to print per emotion, at most the number of replies that the "
        "search finds (default: %(default)s)",
    )
    result.add_argument(
        "--explain",
        type=Path,
        metavar="DIRECTORY",
        help="at the end, write index.html and explanations.json there: attention, the gate of the "
        "external memory and the norm of the internal memory at each word of the replies",
    )
    result.add_argument(
        "--scores", action="store_true", help="print the log-probability of each reply, in nats"
    )
    return result


def main(argv: Sequence[str] | None = None, prog: str = PROG) -> None:
    """Runs the command; see `--help`."""
    arguments = parser(prog).parse_args(argv)
    require_output_directory(arguments.explain)
    search = parse_search(parser(prog), argv, arguments.train_dir)
    if arguments.explain:
        make_directory(arguments.explain)
    with importing_tensorflow():
        from ecm_tf.inference.chatbot import load

    bot = load(arguments.train_dir, **search.to_dict())
    emotions = arguments.emotion or bot.emotions.names
    for emotion in emotions:
        emotion_id(bot.emotions, emotion, auto=bot.config.predict_emotion)
    # Reports a wrong --n_best or --rerank before the first post is read.
    _generate(bot, [], emotions, arguments.n_best)
    compilation = _compile_meanwhile(bot, emotions, arguments.n_best)
    explained: list[ExplainedReply] = []
    try:
        for post in _read_posts():
            if compilation:
                compilation.result()
            replies = _generate(bot, [post], emotions, arguments.n_best)
            _show(replies, scores=arguments.scores)
            if arguments.explain:
                explained += _explain(bot, post, replies)
    finally:  # an interruption does not lose the explanations so far
        if explained:
            from ecm_tf.inference.explanation_page import write_explanations

            write_explanations(arguments.explain, f"{arguments.train_dir}", explained, bot.emotions)
            print(f"explanations: {arguments.explain}/index.html", file=sys.stderr)


def _compile_meanwhile(
    bot: "Chatbot", emotions: Sequence[str], n_best: int
) -> "Future[list[Reply]] | None":
    """At a terminal, compiles the search, which takes seconds, while the first post is typed."""
    if not sys.stdin.isatty():
        return None
    return command.in_background(lambda: _generate(bot, ["?"], emotions, n_best))


def _read_posts() -> Iterator[str]:
    """Yields the lines of standard input; at a terminal with a prompt, line editing and history."""
    if not sys.stdin.isatty():
        for number, line in enumerate(sys.stdin.buffer):
            post = line.decode("utf-8", errors="replace").rstrip("\r\n")
            # Programs on Windows write a byte order mark.
            yield post.removeprefix("\ufeff") if number == 0 else post
        return
    import readline  # noqa: F401  The import gives input() its line editing and history.

    print("Type a post and press Enter; an empty line or Ctrl-D ends.", file=sys.stderr)
    while True:
        try:
            post = _prompt()
        except EOFError:
            print(file=sys.stderr)
            return
        except UnicodeDecodeError as error:
            name = error.encoding.upper()
            message = f"expected {name} text, got other bytes; set the terminal to {name}."
            print(message, file=sys.stderr)
            continue
        if not post.strip():
            return
        yield post


def _prompt() -> str:
    """Reads a line at the terminal; the prompt is there even if the replies go to a file."""
    if sys.stdout.isatty():
        return input("> ")
    print("> ", end="", file=sys.stderr, flush=True)
    return input()


def _generate(
    bot: "Chatbot", posts: Sequence[str], emotions: Sequence[str], n_best: int
) -> list[Reply]:
    """Returns `n_best` replies to each post in each emotion, in this order."""
    rows = bot.reply(
        [post for post in posts for _ in emotions], list(emotions) * len(posts), n_best=n_best
    )
    return [reply for row in rows for reply in ([row] if isinstance(row, Reply) else row)]


def _show(replies: Sequence[Reply], *, scores: bool) -> None:
    for reply in replies:
        print(f"{reply.emotion}: {reply.text}" + (f" [{reply.score:.2f}]" if scores else ""))
    print(flush=True)


def _explain(bot: "Chatbot", post: str, replies: Sequence[Reply]) -> "list[ExplainedReply]":
    from ecm_tf.inference.explanation_page import ExplainedReply

    explanations = bot.explain([post] * len(replies), replies=replies)
    return [
        ExplainedReply(post, reply, explanation)
        for reply, explanation in zip(replies, explanations, strict=True)
    ]


if __name__ == "__main__":
    command.run(main)
