"""The settings of a run, stored in `run.json`, and the checks before a run is resumed."""

import functools
import json
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from ecm_tf.config import ModelConfig, TrainingConfig
from ecm_tf.core.errors import InputError
from ecm_tf.core.files import read_json, reading
from ecm_tf.core.manifest import MANIFEST, read_manifest, sha256, write_atomically
from ecm_tf.training.checkpoints import Checkpoints
from ecm_tf.training.lock import LOCK

RUN = "run.json"

_MAY_CHANGE = {"epochs", "early_stopping", "initialization"}
"""Settings that may differ when a run is resumed."""
_INITIALIZATION = ("pretrain_dir", "word_vectors")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Initialization:
    """What the weights of a run were initialized from.

    An entry is None if it was not used, and missing if that is not known.

    Args:
        names: names of the files or directories by flag, for people.
        digests: their SHA-256 by flag; the digest of a directory is that of its manifest.
    """

    names: dict[str, str | None] = field(default_factory=lambda: dict.fromkeys(_INITIALIZATION))
    digests: dict[str, str | None] = field(default_factory=lambda: dict.fromkeys(_INITIALIZATION))

    @classmethod
    def of(cls, train_dir: Path, pretrain_dir: Path | None, word_vectors: Path | None) -> Self:
        """Returns what a run is initialized from.

        A run that is resumed has used what its `run.json` records. A flag that is left out, or
        whose file no longer exists, is not compared with that.

        Args:
            train_dir: of the run.
            pretrain_dir, word_vectors: as given on the command line.

        Raises:
            InputError: a file of a new run is missing.
        """
        run = train_dir / RUN
        # Without a checkpoint, an interrupted run begins again.
        resumes = run.is_file() and Checkpoints(train_dir).steps
        saved = read_json(run, "the settings of a run") if resumes else None
        names: dict[str, str | None] = {}
        digests: dict[str, str | None] = {}
        for flag, path in zip(_INITIALIZATION, (pretrain_dir, word_vectors), strict=True):
            if saved is not None and flag not in saved:
                # An earlier version began the run, or it continues an imported model.
                if path is not None:
                    _log.warning(
                        "--%s has no effect: the weights are those of the checkpoint in %s",
                        flag,
                        train_dir,
                    )
                continue
            if saved is not None and (path is None or not path.exists()):
                names[flag] = saved["initialization"][flag]
                digests[flag] = saved[flag]
            elif path is None:
                names[flag] = digests[flag] = None
            else:
                names[flag] = path.resolve().name
                digests[flag] = _digest(flag, path)
        return cls(names, digests)


def _digest(flag: str, path: Path) -> str:
    if flag == "pretrain_dir":
        read_manifest(path, "model")
        return sha256(path / MANIFEST)
    with reading(path, "word vectors"):
        return sha256(path)


@dataclass(frozen=True)
class RunSettings:
    """What a run was started with."""

    model: ModelConfig
    training: TrainingConfig
    dataset_dir: Path
    initialization: Initialization = field(default_factory=Initialization)

    @property
    def settings(self) -> dict[str, Any]:
        """Model, training and initialization settings, for manifests."""
        return {
            "model": self.model.to_dict(),
            "training": self.training.to_dict(),
            "initialization": self.initialization.names,
        }

    @functools.cached_property
    def sources(self) -> dict[str, str]:
        """SHA-256 of what the model is made from, for manifests.

        The digest of a directory is that of its manifest.
        """
        return {
            "dataset": sha256(self.dataset_dir / MANIFEST),
            **{name: digest for name, digest in self.initialization.digests.items() if digest},
        }

    @property
    def _run(self) -> dict[str, Any]:
        return {**self.settings, **self.initialization.digests, **self.sources}

    def write(self, train_dir: Path) -> None:
        """Writes `run.json`; makes the directory if it is missing."""
        train_dir.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self._run, indent=2) + "\n"
        write_atomically(train_dir / RUN, text)

    def check_train_dir(self, train_dir: Path) -> None:
        """Checks that a train_dir is empty, missing, or of a run with the same settings.

        Raises:
            InputError: it belongs to a run with other settings, or is not a train_dir.
        """
        path = train_dir / RUN
        if path.is_file():
            saved = read_json(path, "the settings of a run")
            if not isinstance(saved, dict):
                raise InputError(f"{path}: expected the settings of a run, got {saved!r}.")
            # Runs of earlier versions and imported runs have no averages of weights to continue.
            saved.setdefault("training", {}).setdefault("ema_momentum", 0.0)
            # Nor do they have the weights of the emotion predictor.
            saved.setdefault("model", {}).setdefault("predict_emotion", False)
            changed = _differences(saved, self._run)
            if changed:
                raise InputError(
                    f"{train_dir}: expected the settings that the run was started with, but "
                    f"{'; '.join(changed)}. Choose another --train_dir, or delete this one."
                )
        elif train_dir.exists() and any(path.name != LOCK for path in train_dir.iterdir()):
            raise InputError(
                f"{train_dir}: expected a new or empty directory, or one with a {RUN} to resume "
                "from."
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
