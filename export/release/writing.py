"""Writes a model directory that can ship with the package."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ecm_tf
from ecm_tf.config import RERANKED, SEARCH_JSON, SearchConfig
from ecm_tf.core.errors import InputError
from ecm_tf.core.files import read_text
from ecm_tf.core.manifest import MANIFEST, read_manifest, sha256, write_manifest
from ecm_tf.core.output import check_output, finished_directory
from ecm_tf.model.compact_weights import CompactDtype, save_compact_weights
from ecm_tf.model.directory import ASSETS, COMPACT_WEIGHTS, CONFIG, load_model

CLASSIFIER, BLOCK_WORDS, CARD = "classifier", "block_words.txt", "README.md"


def write_release(
    train_dir: Path,
    output: Path,
    search: SearchConfig,
    *,
    weights: CompactDtype = "int8",
    card: Path | None = None,
    overwrite: bool = False,
) -> Path:
    """Writes a model directory with compact weights and everything that its search needs.

    Its files are `config.json`, `assets/` and the compact weights; and, where there is something to
    store, `search.json`, `classifier/`, `block_words.txt` and `README.md`. Before it is finished, a
    reply is searched in every emotion.

    Args:
        train_dir: model directory.
        output: directory to write; it appears only when it is complete.
        search: the default search of the model; its classifier and its file of blocked words are
            copied.
        weights: how the weights are stored, see `ecm_tf.model.compact_weights`.
        card: text file that describes the model.
        overwrite: whether to replace a model directory in `output`.

    Returns:
        `output`.

    Raises:
        InputError: an input is missing, damaged or does not fit the model, or `output` exists.
    """
    if output.resolve() == train_dir.resolve():
        raise InputError(f"{output}: expected a directory other than the model's, got the same.")
    check_output(output, "model", overwrite=overwrite)
    manifest = read_manifest(train_dir, "model")
    text = read_text(card, "a text that describes the model") if card else None
    model, assets = load_model(train_dir)
    with finished_directory(output, "model", overwrite=overwrite) as directory:
        assets.save(directory / ASSETS)
        model.config.save(directory / CONFIG)
        save_compact_weights(directory / COMPACT_WEIGHTS, model, weights)
        if text is not None:
            (directory / CARD).write_text(text, encoding="utf-8")
        if settings := _search_settings(search):
            _copy_files(search, directory)
            content = json.dumps(settings, ensure_ascii=False, indent=2)
            (directory / SEARCH_JSON).write_text(content + "\n", encoding="utf-8")
        files = [path for path in directory.rglob("*") if path.is_file()]
        write_manifest(
            directory,
            "model",
            files=[str(path.relative_to(directory)) for path in files],
            settings={**manifest["settings"], "weights": weights},
            counts=manifest["counts"],
            sources={**manifest["sources"], "model": sha256(train_dir / MANIFEST)},
        )
        ecm_tf.load(directory).replies("")
    return output


def _search_settings(search: SearchConfig) -> dict[str, Any]:
    """Returns the content of `search.json`: the settings that are not defaults.

    With a classifier, the settings of `RERANKED` are stored in any case, so that later changes of
    `RERANKED` do not change the model.
    """
    defaults = SearchConfig().to_dict()
    kept = RERANKED if search.rerank else {}
    settings = {
        name: value
        for name, value in search.to_dict().items()
        if value != defaults[name] or name in kept
    }
    if search.rerank:
        settings["rerank"] = CLASSIFIER
    if isinstance(search.block_words, str):
        settings["block_words"] = BLOCK_WORDS
    return settings


def _copy_files(search: SearchConfig, directory: Path) -> None:
    """Copies the classifier and the file of blocked words of a search."""
    if search.rerank:
        classifier = Path(search.rerank)
        names: Sequence[str] = [*read_manifest(classifier, "classifier")["files"], MANIFEST]
        for name in names:
            target = directory / CLASSIFIER / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(classifier / name, target)
    if isinstance(search.block_words, str):
        words = read_text(Path(search.block_words), "blocked words, one per line")
        (directory / BLOCK_WORDS).write_text(words, encoding="utf-8")
