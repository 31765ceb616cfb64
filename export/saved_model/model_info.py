"""What an exported model is: categories, sizes, data, figures, versions."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

from ecm_tf.config import SearchConfig
from ecm_tf.core.manifest import read_manifest
from ecm_tf.model import ECM
from ecm_tf.text.assets import TextAssets

CARD = "assets.extra/model_card.json"
PACKAGES = ("ecm-tf", "tensorflow", "tensorflow-text", "keras")


def model_card(
    train_dir: Path, model: ECM, assets: TextAssets, search: SearchConfig, n_best: int, dtype: str
) -> dict[str, Any]:
    """The card as plain JSON values.

    Args:
        train_dir: the model directory.
        model, assets: what was loaded from it.
        search: how the signatures find replies.
        n_best: how many replies the signature `n_best` gives.
        dtype: of the stored weights.
    """
    manifest = read_manifest(train_dir, "model")
    return {
        "name": train_dir.resolve().name,
        "variant": model.config.variant,
        "categories": [
            {"id": id_, "name": emotion.name, "chinese": emotion.chinese}
            for id_, emotion in enumerate(assets.emotions)
        ],
        "sizes": model.config.to_dict(),
        "weights": {"number": model.count_params(), "stored_as": dtype},
        "search": {**search.to_dict(), "n_best": n_best, "name": search.name},
        "made_from": manifest["sources"],
        "training": manifest["settings"].get("training"),
        "metrics": manifest["counts"],
        "versions": {package: version(package) for package in PACKAGES},
    }
