"""Export a SavedModel: `python -m export.saved_model --train_dir MODEL --output BASE`.

The result, `BASE/<version>/`, takes raw text and gives raw text. A process needs `tensorflow` and
`import tensorflow_text` to load it, nothing of this package.
"""

import argparse
import os
import shutil
from pathlib import Path

from ecm_tf import command
from ecm_tf.config import SearchConfig
from ecm_tf.errors import InputError


def export(
    train_dir: Path, base: Path, version: int | None = None, *, beams: int = 20, n_best: int = 5
) -> Path:
    """Writes one version directory.

    Signatures (strings are UTF-8; other bytes are read as U+FFFD; a post is cut to the model's
    longest bucket):

    - `serving_default(post, emotion)`: string `(batch,)` each → `response` string `(batch,)`,
      `score` float32 `(batch,)`, greedy search. `emotion` is an English or Chinese name or an id
      as text; anything else is an InvalidArgument error that lists what is allowed.
    - `all_emotions(post)`: → `emotion` (English name), `response`, `score`, `(batch, categories)`.
    - `n_best(post, emotion)`: → `response`, `score`, `(batch, n_best)`, best first, beam search.

    Args:
        train_dir: a model directory.
        base: gets a subdirectory named after the version, as TF Serving wants it.
        version: a positive int; None takes the one after the newest.
        beams: kept by the search of `n_best`.
        n_best: replies that `n_best` returns, at most `beams`.

    Returns:
        The version directory.

    Raises:
        InputError: no such model, the version exists, or a number out of range.
    """
    import keras
    import tensorflow as tf

    from ecm_tf.model_directory import load_model
    from ecm_tf.responder import Responder
    from ecm_tf.search import Search

    if not 1 <= n_best <= beams:
        raise InputError(f"--n_best: expected 1 to --beam_size ({beams}), got {n_best}.")
    target = base / str(_next_version(base) if version is None else version)
    if version is not None and version < 1:
        raise InputError(f"--version: expected a positive number, got {version}.")
    if target.exists():
        raise InputError(f"{target}: exists already; expected a new version.")
    model, assets = load_model(train_dir)
    responder = Responder(model, assets)
    greedy = Search()
    beam = Search(SearchConfig(decoder="beam", beam_size=beams), n_best)

    def serving_default(post, emotion):
        answers = responder.answer(post, responder.text.emotion_ids(emotion), greedy)
        return {"response": answers.texts[:, 0], "score": answers.scores[:, 0]}

    def all_emotions(post):
        answers = responder.answer_all(post, greedy)
        names = tf.constant([assets.emotions.names])
        return {
            "emotion": tf.repeat(names, tf.shape(post)[0], axis=0),
            "response": answers.texts[..., 0],
            "score": answers.scores[..., 0],
        }

    def n_best_replies(post, emotion):
        answers = responder.answer(post, responder.text.emotion_ids(emotion), beam)
        return {"response": answers.texts, "score": answers.scores}

    texts = {name: tf.TensorSpec([None], tf.string, name) for name in ("post", "emotion")}
    both = [texts["post"], texts["emotion"]]
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.track(responder.text)
    archive.add_endpoint("serving_default", serving_default, input_signature=both)
    archive.add_endpoint("all_emotions", all_emotions, input_signature=[texts["post"]])
    archive.add_endpoint("n_best", n_best_replies, input_signature=both)
    base.mkdir(parents=True, exist_ok=True)
    partial = base / f".partial-{target.name}"
    shutil.rmtree(partial, ignore_errors=True)
    with command.native_silence():
        archive.write_out(str(partial), verbose=False)
    os.replace(partial, target)
    return target


def _next_version(base: Path) -> int:
    versions = [int(path.name) for path in base.glob("*") if path.name.isdigit()]
    return max(versions, default=0) + 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m export.saved_model",
        description="Export a model directory as a SavedModel that takes (post, emotion) as text.",
    )
    parser.add_argument("--train_dir", type=Path, required=True, help="a model directory")
    parser.add_argument(
        "--output", type=Path, required=True, metavar="BASE", help="gets BASE/<version>/"
    )
    parser.add_argument("--version", type=int, help="(default: one after the newest in BASE)")
    parser.add_argument(
        "--beam_size", type=int, default=20, help="of the signature n_best (default: %(default)s)"
    )
    parser.add_argument(
        "--n_best", type=int, default=5, help="replies that n_best gives (default: %(default)s)"
    )
    return parser


def main(argv: list[str] | None = None) -> None:
    """The command; see `--help`."""
    arguments = _parser().parse_args(argv)
    with command.native_silence():
        import tensorflow_text  # noqa: F401  Now, so that its start is not seen.
    target = export(
        arguments.train_dir,
        arguments.output,
        arguments.version,
        beams=arguments.beam_size,
        n_best=arguments.n_best,
    )
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    print(f"{target}: {size / 1e6:.1f} MB, signatures serving_default, all_emotions, n_best")


if __name__ == "__main__":
    command.run(main)
