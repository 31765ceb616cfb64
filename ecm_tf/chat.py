"""Talk to a model: `python -m ecm_tf.chat --train_dir MODEL`; post in, replies out."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from ecm_tf import command
from ecm_tf.errors import InputError


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ecm_tf.chat",
        description="Answer posts, read a line each from the terminal or a pipe, in every emotion. "
        "Posts may be raw Chinese or already split by spaces.",
    )
    parser.add_argument("--train_dir", type=Path, required=True, help="a model directory")
    parser.add_argument(
        "--emotion", action="append", help="answer in this emotion only; may be repeated"
    )
    how = parser.add_argument_group("search (greedy unless one is chosen)")
    kind = how.add_mutually_exclusive_group()
    kind.add_argument("--beam_search", action="store_true", help="the most probable whole replies")
    kind.add_argument("--sample", action="store_true", help="draw words by their probability")
    how.add_argument("--beam_size", type=int, default=20, help="beams kept (default: %(default)s)")
    how.add_argument(
        "--n_best", type=int, default=1, help="replies shown by beam search (default: %(default)s)"
    )
    how.add_argument(
        "--length_penalty", type=float, default=0.0, help="0 none; up to 1 prefers longer replies"
    )
    how.add_argument("--temperature", type=float, default=1.0, help="of sampling, above 0")
    how.add_argument("--top_k", type=int, help="sample from this many words only")
    how.add_argument("--top_p", type=float, help="sample from the likeliest words up to this sum")
    how.add_argument("--seed", type=int, help="of sampling; the same seed, the same replies")
    parser.add_argument(
        "--explain",
        type=Path,
        metavar="DIRECTORY",
        help="show at the end what went on inside, as index.html and explanations.json: attention, "
        "the gate of the external memory, and what is left of the internal memory at each word",
    )
    parser.add_argument("--scores", action="store_true", help="show log-probabilities")
    return parser


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


def _search(arguments: argparse.Namespace):
    from ecm_tf.responder import Search

    if arguments.n_best > arguments.beam_size:
        raise InputError(
            f"--n_best: expected at most --beam_size ({arguments.beam_size}), "
            f"got {arguments.n_best}."
        )
    if arguments.beam_search:
        return Search.beam(arguments.beam_size, arguments.n_best, arguments.length_penalty)
    if arguments.sample:
        return Search.sampling(
            temperature=arguments.temperature,
            top_k=arguments.top_k,
            top_p=arguments.top_p,
            seed=arguments.seed,
        )
    return Search.greedy()


def _check(arguments: argparse.Namespace) -> None:
    ranges = (
        ("beam_size", arguments.beam_size >= 1, "at least 1"),
        ("n_best", arguments.n_best >= 1, "at least 1"),
        ("length_penalty", arguments.length_penalty >= 0, "0 or more"),
        ("temperature", arguments.temperature > 0, "above 0"),
        ("top_k", arguments.top_k is None or arguments.top_k >= 1, "at least 1"),
        ("top_p", arguments.top_p is None or 0 < arguments.top_p <= 1, "in (0, 1]"),
    )
    for name, fits, expected in ranges:
        if not fits:
            raise InputError(f"--{name}: expected {expected}, got {getattr(arguments, name)}.")


def main(argv: list[str] | None = None) -> None:
    """The command; see `--help`."""
    arguments = _parser().parse_args(argv)
    _check(arguments)
    if arguments.explain and arguments.explain.exists() and not arguments.explain.is_dir():
        raise InputError(f"{arguments.explain}: expected a directory, got a file.")
    with command.native_silence():
        import numpy as np
        import tensorflow as tf

        from ecm_tf.explanation.explain import explain
        from ecm_tf.explanation.page import write_explanations
        from ecm_tf.model_directory import load_model
        from ecm_tf.responder import Responder

    model, assets = load_model(arguments.train_dir)
    emotions = assets.emotions
    wanted = [emotions.id_of(text) for text in arguments.emotion or emotions.names]
    responder = Responder(model, assets)
    search = _search(arguments)
    reply = tf.function(
        lambda posts, emotion: responder.replies(posts, emotion, search), reduce_retracing=True
    )
    explained = []
    for post in _posts():
        if assets.tokenizer_model is None:
            post = _presplit(post)
        replies = reply(tf.fill([len(wanted)], post), tf.constant(wanted, tf.int32))
        texts = responder.texts(replies).numpy()
        # A beam has several replies for each emotion; the other searches have one.
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
