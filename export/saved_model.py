"""Export a SavedModel: `python -m export.saved_model --train_dir MODEL --output BASE`.

The result, `BASE/<version>/`, takes raw text and gives raw text. A process needs `tensorflow` and
`import tensorflow_text` to load it, nothing of this package.
"""

import argparse
import dataclasses
import json
import time
from pathlib import Path

from ecm_tf import command
from ecm_tf.config import RERANKED, SearchConfig
from ecm_tf.errors import InputError
from ecm_tf.output import finished_directory

DTYPES = ("float32", "float16", "bfloat16")


def export(
    train_dir: Path,
    base: Path,
    version: int | None = None,
    *,
    search: SearchConfig | None = None,
    n_best: int = 5,
    dtype: str = "float32",
) -> Path:
    """Writes one version directory, as TF Serving wants it.

    Its signatures are those of `export.signatures`; in `assets.extra/` are warm-up requests for
    each and `model_card.json`.

    Args:
        train_dir: a model directory.
        base: gets a subdirectory named after the version.
        version: a positive int; None takes the one after the newest.
        search: how replies are found, frozen into the graph; greedy if absent.
        n_best: replies that the signature `n_best` returns: the search's best if it finds as many,
            otherwise a beam search's.
        dtype: `float32`, or `float16` or `bfloat16` for half the size: weights are stored so, and
            turned into float32 at every call.

    Returns:
        The version directory.

    Raises:
        InputError: no such model, the version exists, or a number out of range.
    """
    import keras

    from ecm_tf.model_directory import load_model
    from ecm_tf.responder import Responder
    from ecm_tf.search import Search
    from export.model_card import CARD, model_card
    from export.signatures import signatures
    from export.stored_weights import StoredWeights
    from export.warmup import write_warmup

    target = base / str(_next_version(base) if version is None else version)
    if version is not None and version < 1:
        raise InputError(f"--version: expected a positive number, got {version}.")
    if target.exists():
        raise InputError(f"{target}: exists already; expected a new version.")
    search = search or SearchConfig()
    best = Search(search)
    several = (
        Search(search, n_best, best.ranking)
        if search.number >= n_best
        else Search(dataclasses.replace(search, decoder="beam"), n_best)
    )
    model, assets = load_model(train_dir)
    responder = Responder(model, assets)
    archive = keras.export.ExportArchive()
    archive.track(responder.text)
    for classifier in (best.ranking.classifier, several.ranking.classifier):
        if classifier:
            archive.track(classifier.model)
    # The endpoints' own variables are found by themselves; tracked, they would be stored twice.
    stored = None if dtype == "float32" else StoredWeights(model, dtype)
    served = signatures(responder, best, several)
    for name, (function, inputs) in served.items():
        archive.add_endpoint(name, stored(function) if stored else function, input_signature=inputs)
    inputs = {name: [spec.name for spec in specs] for name, (_, specs) in served.items()}
    card = model_card(train_dir, model, assets, search, n_best, dtype)
    with finished_directory(target) as directory:
        with command.native_silence():
            archive.write_out(str(directory), verbose=False)
        write_warmup(directory, inputs, assets.emotions.names)
        text = json.dumps(card, ensure_ascii=False, indent=2)
        (directory / CARD).write_text(text + "\n", encoding="utf-8")
    return target


def _next_version(base: Path) -> int:
    versions = [int(path.name) for path in base.glob("*") if path.name.isdigit()]
    return max(versions, default=0) + 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m export.saved_model",
        description="Export a model directory as a SavedModel that takes (post, emotion) as text. "
        "How it finds replies is frozen into it.",
    )
    parser.add_argument("--train_dir", type=Path, required=True, help="a model directory")
    parser.add_argument(
        "--output", type=Path, required=True, metavar="BASE", help="gets BASE/<version>/"
    )
    parser.add_argument("--version", type=int, help="(default: one after the newest in BASE)")
    parser.add_argument(
        "--n_best", type=int, default=5, help="replies that n_best gives (default: %(default)s)"
    )
    parser.add_argument(
        "--weights",
        choices=DTYPES,
        default="float32",
        help="dtype that weights are stored in; the model computes in float32 all the same "
        "(default: %(default)s)",
    )
    command.add_options(parser.add_argument_group("search"), SearchConfig)
    return parser


def main(argv: list[str] | None = None) -> None:
    """The command; see `--help`."""
    arguments = command.parse(_parser(), argv, lambda given: RERANKED if given.rerank else {})
    search = SearchConfig(**command.options_of(SearchConfig, arguments))
    with command.native_silence():
        import tensorflow as tf
        import tensorflow_text  # noqa: F401  Now, so that its start is not seen.
    target = export(
        arguments.train_dir,
        arguments.output,
        arguments.version,
        search=search,
        n_best=arguments.n_best,
        dtype=arguments.weights,
    )
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    start = time.perf_counter()
    with command.native_silence():
        names = sorted(tf.saved_model.load(str(target)).signatures)
    seconds = time.perf_counter() - start
    print(
        f"{target}: {size / 1e6:.1f} MB, loaded in {seconds:.1f} s, search: {search.name}, "
        f"signatures {', '.join(names)}"
    )


if __name__ == "__main__":
    command.run(main)
