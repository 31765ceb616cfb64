"""Description of an exported model: categories, sizes, data, evaluation results, versions."""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ecm_tf
from ecm_tf.config import SearchConfig
from ecm_tf.core.errors import InputError
from ecm_tf.core.files import read_json
from ecm_tf.core.manifest import read_manifest

if TYPE_CHECKING:
    from ecm_tf.model import ECM
    from ecm_tf.text.assets import TextAssets

MODEL_INFO = "assets.extra/model_info.json"
OLD_MODEL_INFO = "assets.extra/model_card.json"
"""Earlier name of the file; SavedModels that have it are still read."""
PACKAGES = ("tensorflow", "tensorflow-text", "keras")


def model_info(
    train_dir: Path,
    model: "ECM",
    assets: "TextAssets",
    search: SearchConfig,
    n_best_search: SearchConfig,
    n_best: int,
    dtype: str,
    hypotheses: Mapping[str, int],
) -> dict[str, Any]:
    """Returns the content of `model_info.json` as plain JSON values.

    Args:
        train_dir: model directory.
        model: model loaded from it.
        assets: text assets loaded from it.
        search: search settings of all signatures but `n_best`.
        n_best_search: search settings of the signature `n_best`.
        n_best: number of replies that the signature `n_best` returns.
        dtype: dtype of the stored weights.
        hypotheses: number of hypotheses that each signature decodes for a post.
    """
    manifest = read_manifest(train_dir, "model")
    return {
        "name": train_dir.resolve().name,
        "variant": model.config.variant,
        "categories": [
            {"id": id_, "name": emotion.name, "chinese": emotion.chinese}
            for id_, emotion in enumerate(assets.emotions)
        ],
        "segmenter": assets.segmenter,
        "sizes": model.config.to_dict(),
        "weights": {"number": model.count_trainable_params(), "stored_as": dtype},
        "search": {**_described(search), "n_best": n_best},
        "n_best_search": _described(n_best_search),
        "hypotheses_per_post": dict(hypotheses),
        "chooses_emotions": model.config.predict_emotion,
        "made_from": manifest["sources"],
        "training": manifest["settings"].get("training"),
        "metrics": manifest["counts"],
        "versions": {
            "ecm-tf": ecm_tf.__version__,
            **{package: version(package) for package in PACKAGES},
        },
    }


def _described(search: SearchConfig) -> dict[str, Any]:
    """Returns the settings and the name of a search; of its files, the names without folders."""
    settings = search.to_dict()
    for field in ("rerank", "block_words"):
        if isinstance(settings[field], str):
            settings[field] = Path(settings[field]).name
    return {**settings, "name": search.name}


def expects_split_text(info: dict[str, Any]) -> bool:
    """Returns whether the exported model expects words separated by spaces.

    Args:
        info: content of `model_info.json`; files without the key `segmenter` give False.
    """
    return info.get("segmenter") == "whitespace"


def find_model_info(version_directory: Path) -> dict[str, Any] | None:
    """Returns the content of `model_info.json`, or of its old name; `None` if neither exists.

    Args:
        version_directory: the SavedModel, `BASE/<version>`, also that of another program.

    Raises:
        InputError: the file is damaged.
    """
    expected = "the description of an exported model"
    for name in (MODEL_INFO, OLD_MODEL_INFO):
        path = version_directory / name
        if path.is_file():
            info = read_json(path, expected)
            if not isinstance(info, dict):
                raise InputError(f"{path}: expected {expected}, got other JSON.")
            return info
    return None


def read_model_info(version_directory: Path) -> dict[str, Any]:
    """Returns the content of an exported model's `model_info.json`, or of its old name.

    Args:
        version_directory: the SavedModel, `BASE/<version>`.

    Raises:
        InputError: the SavedModel has no such file, or it is damaged.
    """
    info = find_model_info(version_directory)
    if info is None:
        raise InputError(
            f"{version_directory}: expected {MODEL_INFO}, got none; export the model again."
        )
    return info
