"""Talk to a model: `python -m ecm_tf.chat --train_dir MODEL`; post in, replies out."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ecm_tf.config import RERANKED, SearchConfig
from ecm_tf.core import command
from ecm_tf.core.errors import InputError

PROG = "python -m ecm_tf.chat"


def parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Returns the command's argument parser."""
    result = argparse.ArgumentParser(
        prog=prog,
        description="Answer posts, read a line each from the terminal or a pipe, in every emotion. "
        "Posts may be raw Chinese or already split by spaces.",
    )
    result.add_argument("--train_dir", type=Path, required=True, help="a model directory")
    result.add_argument(
        "--emotion", action="append", help="answer in this emotion only; may be repeated"
    )
    how = result.add_argument_group("search")
    command.add_options(how, SearchConfig)
    how.add_argument(
        "--beam_search",
        action="store_const",
        const="beam",
        dest="decoder",
        help="the original's name of --decoder beam",
    )
    result.add_argument(
        "--n_best",
        type=int,
        default=1,
        help="replies shown, if the search finds as many (default: %(default)s)",
    )
    result.add_argument(
        "--explain",
        type=Path,
        metavar="DIRECTORY",
        help="show at the end what went on inside, as index.html and explanations.json: attention, "
        "the gate of the external memory, and what is left of the internal memory at each word",
    )
    result.add_argument("--scores", action="store_true", help="show log-probabilities")
    return result


def _posts() -> Iterator[str]:
    """Lines of standard input; a terminal gets a prompt, line editing and a history."""
    if not sys.stdin.isatty():
        for line in sys.stdin.buffer:
            yield line.decode("utf-8", errors="replace").rstrip("\r\n")
        return
    import readline  # noqa: F401  Importing it is what gives input() its history.

    print("Type a post and press Enter; an empty line or Ctrl-D ends.", file=sys.stderr)
    while True:
        try:
            post = input("> ")
        except EOFError:
            return
        if not post.strip():
            return
        yield post


def main(argv: Sequence[str] | None = None, prog: str = PROG) -> None:
    """The command; see `--help`."""
    arguments = command.parse(parser(prog), argv, lambda given: RERANKED if given.rerank else {})
    config = SearchConfig(**command.options_of(SearchConfig, arguments))
    if arguments.explain and arguments.explain.exists() and not arguments.explain.is_dir():
        raise InputError(f"{arguments.explain}: expected a directory, got a file.")
    with command.suppress_native_stderr():
        import numpy as np
        import tensorflow as tf

        from ecm_tf.decoding.search import Search
        from ecm_tf.inference.explanation_page import write_explanations
        from ecm_tf.inference.internals import explain
        from ecm_tf.inference.responder import Responder
        from ecm_tf.model.directory import load_model

    search = Search(config, arguments.n_best)
    model, assets = load_model(arguments.train_dir)
    emotions = assets.emotions
    wanted = [emotions.id_of(text) for text in arguments.emotion or emotions.names]
    responder = Responder(model, assets)
    reply = tf.function(
        lambda posts, emotion: responder.replies(posts, emotion, search), reduce_retracing=True
    )
    explained = []
    for post in _posts():
        if assets.tokenizer_model is None:
            post = _presplit(post)
        replies = reply(tf.fill([len(wanted)], post), tf.constant(wanted, tf.int32))
        texts = responder.texts(replies).numpy()
        for place in np.ndindex(*texts.shape):
            id_, text = wanted[place[0]], texts[place].decode("utf-8")
            shown = f" [{replies.scores[place].numpy():.2f}]" if arguments.scores else ""
            print(f"{emotions[id_].name}: {text}{shown}")
            if arguments.explain:
                ids = replies.ids[place][: replies.lengths[place]].numpy().tolist()
                explained.append((post, id_, text, explain(responder, post, id_, ids)))
        print(flush=True)
    if arguments.explain:
        write_explanations(arguments.explain, f"{arguments.train_dir}", explained, emotions)
        print(f"explanations: {arguments.explain}/index.html", file=sys.stderr)


def _presplit(post: str) -> str:
    """Splits raw Chinese for a model that was trained on split text; split text stays as it is."""
    if " " in post.strip() or post.isascii():
        return post
    import jieba

    jieba.setLogLevel("WARNING")
    return " ".join(jieba.cut(post))


if __name__ == "__main__":
    command.run(main)
