"""Writes a model directory as a SavedModel version directory."""

import dataclasses
import json
from pathlib import Path

from ecm_tf.config import SearchConfig, read_search_defaults, search_config
from ecm_tf.core.errors import InputError
from ecm_tf.core.files import require_output_directory
from ecm_tf.core.native_stderr import suppress_native_stderr
from ecm_tf.core.output import finished_directory
from ecm_tf.text.emotions import AUTO
from export.version_directories import MAX_VERSION, version_number

DTYPES = ("float32", "float16", "bfloat16")


def export_saved_model(
    train_dir: Path,
    base: Path,
    version: int | None = None,
    *,
    search: SearchConfig | None = None,
    n_best: int = 5,
    dtype: str = "float32",
) -> Path:
    """Writes one version directory in the layout of TF Serving.

    The SavedModel has the signatures of `export.saved_model.signatures`. `assets.extra/` holds
    warm-up requests for each signature and `model_info.json`.

    Args:
        train_dir: model directory.
        base: directory that gets a subdirectory named after the version.
        version: positive version number; None for one more than the newest.
        search: search settings, which become a fixed part of the graph; those of the model
            directory if None, or greedy search if it has none.
        n_best: number of replies that the signature `n_best` returns. They come from the given
            search if it finds that many candidates, otherwise from a beam search.
        dtype: dtype of the stored weights: `float32`, or `float16` or `bfloat16` for half the size.
            Half-precision weights are cast to float32 at every call.

    Returns:
        The version directory.

    Raises:
        InputError: the model directory is missing or unfinished, the version exists, or a number is
            out of range.
    """
    import keras

    from ecm_tf.decoding.search import Search
    from ecm_tf.inference.responder import Responder
    from ecm_tf.model.directory import load_model
    from export.saved_model.model_info import MODEL_INFO, model_info
    from export.saved_model.parts import MAX_LOGITS, in_parts
    from export.saved_model.signatures import EMOTION, hypotheses_per_post, row_weights, signatures
    from export.saved_model.stored_weights import StoredWeights
    from export.saved_model.warmup import write_warmup_requests

    require_output_directory(base)
    version = _next_version(base) if version is None else version
    if not 1 <= version <= MAX_VERSION:
        raise InputError(f"--version: expected a number from 1 to {MAX_VERSION}, got {version}.")
    version_directory = base / str(version)
    if version_directory.exists():
        raise InputError(f"{version_directory}: this version exists; expected a new one.")
    config = search or search_config({}, read_search_defaults(train_dir))
    one_best_search = Search(config)
    n_best_search = (
        Search(config, n_best, one_best_search.ranking)
        if config.num_candidates >= n_best
        else Search(dataclasses.replace(config, decoder="beam"), n_best)
    )
    model, assets = load_model(train_dir)
    responder = Responder(model, assets)
    archive = keras.export.ExportArchive()
    archive.track(responder.text)
    for classifier in (one_best_search.ranking.classifier, n_best_search.ranking.classifier):
        if classifier:
            archive.track(classifier.model)
    # The archive finds the endpoints' variables by itself. Tracking the model as well would store
    # float32 weights beside the half-precision ones.
    stored_weights = None if dtype == "float32" else StoredWeights(model, dtype)
    endpoints = signatures(responder, one_best_search, n_best_search)
    hypotheses = hypotheses_per_post(len(assets.emotions), config, n_best_search.config)
    for name, (function, specs) in endpoints.items():
        logits = hypotheses[name] * model.config.response_vocabulary_size
        if stored_weights:
            function = stored_weights(function)
        weights = row_weights(responder) if EMOTION in specs else None
        function = in_parts(function, specs, max(1, MAX_LOGITS // logits), weights)
        archive.add_endpoint(name, function, input_signature=specs)
    input_names = {name: [spec.name for spec in specs] for name, (_, specs) in endpoints.items()}
    info = model_info(
        train_dir, model, assets, config, n_best_search.config, n_best, dtype, hypotheses
    )
    with finished_directory(version_directory) as directory:
        with suppress_native_stderr():
            archive.write_out(str(directory), verbose=False)
        auto = [AUTO] if model.config.predict_emotion else []
        write_warmup_requests(directory, input_names, [*assets.emotions.names, *auto])
        text = json.dumps(info, ensure_ascii=False, indent=2)
        (directory / MODEL_INFO).write_text(text + "\n", encoding="utf-8")
    return version_directory


def _next_version(base: Path) -> int:
    return max((version_number(path) or 0 for path in base.glob("*")), default=0) + 1
