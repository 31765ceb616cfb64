"""Checkpoints of a training run: weights, optimizer and history, enough to resume from."""

import json
import logging
import os
import re
import shutil
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import keras

from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import MANIFEST, read_manifest, verify_files, write_manifest
from ecm_tf.core.replacement import sync_tree
from ecm_tf.training.history import HistoryRow

KEPT = 3
"""How many of the newest checkpoints are kept."""

_log = logging.getLogger(__name__)
_NAME = re.compile(r"step-(\d{8,})")
_WEIGHTS, _PROGRESS = "training.weights.h5", "progress.json"


class Checkpoints:
    """The checkpoints in a train_dir, one directory per step.

    Args:
        train_dir: they are in its subdirectory `checkpoints`.
    """

    def __init__(self, train_dir: Path) -> None:
        self._directory = train_dir / "checkpoints"

    @property
    def steps(self) -> list[int]:
        """Steps of the existing checkpoints, ascending."""
        names = [_NAME.fullmatch(path.name) for path in self._directory.glob("step-*")]
        return sorted(int(name[1]) for name in names if name)

    def _path(self, step: int) -> Path:
        return self._directory / f"step-{step:08d}"

    def save(self, model: keras.Model, history: Sequence[HistoryRow]) -> None:
        """Adds a checkpoint and deletes all but the `KEPT` newest.

        Args:
            model: compiled, with a built optimizer, which is saved too.
            history: all evaluations; the last row gives the step.
        """
        final = self._path(history[-1].step)
        temporary = self._directory / f".partial-{final.name}"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        try:
            model.save_weights(temporary / _WEIGHTS)
            progress = json.dumps([asdict(row) for row in history])
            (temporary / _PROGRESS).write_text(progress, encoding="utf-8")
            files, counts = [_WEIGHTS, _PROGRESS], {"step": history[-1].step}
            write_manifest(
                temporary, "checkpoint", files=files, settings={}, counts=counts, sources={}
            )
            sync_tree(temporary)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        shutil.rmtree(final, ignore_errors=True)
        os.replace(temporary, final)
        for step in self.steps[:-KEPT]:
            shutil.rmtree(self._path(step))

    def restore(self, model: keras.Model, step: int | None = None) -> list[HistoryRow]:
        """Loads a checkpoint.

        If the newest is damaged, the one before is loaded, with a warning.

        Args:
            model: compiled, with the configuration of the run and a built optimizer.
            step: of the checkpoint; None takes the newest.

        Returns:
            The history up to the checkpoint; empty if `step` is None and there is no checkpoint.

        Raises:
            InputError: there is no checkpoint of that step (the message lists those that exist),
                or it is damaged, or all are.
        """
        steps = self.steps
        if step is None and not steps:
            return []
        if step is not None:
            self._require(step)
        candidates = steps[::-1] if step is None else [step]
        for candidate in candidates:
            try:
                history = self._load(model, candidate)
            except (InputError, OSError, ValueError, KeyError, TypeError) as error:
                if candidate == candidates[-1]:
                    raise InputError(
                        f"{self._path(candidate)}: expected a checkpoint to resume from; "
                        f"{_first_line(error)}"
                    ) from error
                _log.warning(
                    "%s: the checkpoint is damaged (%s); using the one before",
                    self._path(candidate),
                    _first_line(error),
                )
                continue
            return history
        raise AssertionError("there is at least one candidate")

    def rewind(self, step: int) -> None:
        """Makes a checkpoint the newest: deletes those of later steps.

        Raises:
            InputError: there is no checkpoint of that step, or it is damaged; nothing is deleted.
        """
        self._require(step)
        self._verify(step)
        self.delete_after(step)

    def delete_after(self, step: int) -> None:
        """Deletes the checkpoints of later steps."""
        for later in [other for other in self.steps if other > step]:
            shutil.rmtree(self._path(later))

    def _require(self, step: int) -> None:
        if step not in self.steps:
            raise InputError(f"--load_model: expected one of the steps {self.steps}, got {step}.")

    def _verify(self, step: int) -> None:
        path = self._path(step)
        # Checkpoints of earlier versions have no manifest.
        if (path / MANIFEST).is_file():
            verify_files(path, read_manifest(path, "checkpoint"))

    def _load(self, model: keras.Model, step: int) -> list[HistoryRow]:
        path = self._path(step)
        self._verify(step)
        progress = json.loads((path / _PROGRESS).read_text(encoding="utf-8"))
        history = [HistoryRow(**row) for row in progress]
        with warnings.catch_warnings(record=True, action="always") as caught:
            model.load_weights(path / _WEIGHTS)
        # Keras leaves an optimizer with other variables as it is.
        if any("Skipping variable loading" in str(warning.message) for warning in caught):
            raise InputError(
                f"{path}: the state of another optimizer, or of another --mixed_precision."
            )
        return history


def _first_line(error: Exception) -> str:
    return (str(error).strip() or repr(error)).splitlines()[0]
