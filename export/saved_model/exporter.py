"""A model directory → a SavedModel version directory."""

import dataclasses
import json
from pathlib import Path

from ecm_tf.config import SearchConfig
from ecm_tf.core import command
from ecm_tf.core.errors import InputError
from ecm_tf.core.output import finished_directory

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

    from ecm_tf.decoding.search import Search
    from ecm_tf.inference.responder import Responder
    from ecm_tf.model.directory import load_model
    from export.saved_model.model_info import CARD, model_card
    from export.saved_model.signatures import signatures
    from export.saved_model.stored_weights import StoredWeights
    from export.saved_model.warmup import write_warmup

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
        with command.suppress_native_stderr():
            archive.write_out(str(directory), verbose=False)
        write_warmup(directory, inputs, assets.emotions.names)
        text = json.dumps(card, ensure_ascii=False, indent=2)
        (directory / CARD).write_text(text + "\n", encoding="utf-8")
    return target


def _next_version(base: Path) -> int:
    versions = [int(path.name) for path in base.glob("*") if path.name.isdigit()]
    return max(versions, default=0) + 1
