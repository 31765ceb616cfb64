"""The settings of a run, stored in `run.json`, and the checks before a run is resumed."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecm_tf.config import ModelConfig, TrainingConfig
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import MANIFEST, sha256, write_atomically
from ecm_tf.model.directory import ASSETS
from ecm_tf.text.assets import TextAssets

RUN = "run.json"

_MAY_CHANGE = {"epochs", "early_stopping"}
"""Settings that may differ when a run is resumed."""


@dataclass(frozen=True)
class RunSettings:
    """What a run was started with."""

    model: ModelConfig
    training: TrainingConfig
    dataset_dir: Path

    @property
    def settings(self) -> dict[str, Any]:
        """Model and training settings, for manifests."""
        return {"model": self.model.to_dict(), "training": self.training.to_dict()}

    @property
    def sources(self) -> dict[str, str]:
        """SHA-256 of the dataset's manifest, which identifies the dataset."""
        return {"dataset": sha256(self.dataset_dir / MANIFEST)}

    def write(self, train_dir: Path) -> None:
        """Writes `run.json`; makes the directory if it is missing."""
        train_dir.mkdir(parents=True, exist_ok=True)
        text = json.dumps({**self.settings, **self.sources}, indent=2) + "\n"
        write_atomically(train_dir / RUN, text)

    def check_train_dir(self, train_dir: Path) -> None:
        """Checks that a train_dir is empty, missing, or of a run with the same settings.

        Raises:
            InputError: it belongs to a run with other settings, or is no train_dir.
        """
        path = train_dir / RUN
        if path.is_file():
            saved = json.loads(path.read_text(encoding="utf-8"))
            changed = _differences(saved, {**self.settings, **self.sources})
            if changed:
                raise InputError(
                    f"{train_dir}: expected the settings that the run was started with, but "
                    f"{'; '.join(changed)}. Choose another --train_dir, or delete this one."
                )
        elif train_dir.exists() and any(train_dir.iterdir()):
            raise InputError(
                f"{train_dir}: expected a new or empty directory, or one with a {RUN} to resume "
                "from."
            )


def check_vocabularies(train_dir: Path, assets: TextAssets) -> None:
    """Checks that the dataset has the vocabularies of the model in the train_dir, if there is one.

    Raises:
        InputError: a vocabulary differs.
    """
    if not (train_dir / MANIFEST).is_file():
        return
    known = TextAssets.load(train_dir / ASSETS)
    for side in ("post_words", "response_words"):
        if getattr(known, side) != getattr(assets, side):
            raise InputError(
                f"{train_dir}: expected a dataset with the vocabularies of the model in it, but "
                f"the {side.replace('_', ' ')} differ."
            )


def _differences(saved: dict[str, Any], given: dict[str, Any]) -> list[str]:
    """Describes settings that differ from the saved run.

    Keys missing on either side are ignored, because imported runs record only some.
    """
    changed = []
    for name in saved.keys() & given.keys() - _MAY_CHANGE:
        old, new = saved[name], given[name]
        if isinstance(old, dict) and isinstance(new, dict):
            changed += _differences(old, new)
        elif old != new:
            changed.append(f"{name} was {old}, is {new}")
    return sorted(changed)
