"""Checkpoints of a training run: weights, optimizer and history, enough to resume from."""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import keras

from ecm_tf.core.errors import InputError
from ecm_tf.training.history import HistoryRow

KEPT = 3
"""How many of the newest checkpoints are kept."""

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
        return sorted(
            int(path.name.removeprefix("step-")) for path in self._directory.glob("step-*")
        )

    def _path(self, step: int) -> Path:
        return self._directory / f"step-{step:08d}"

    def save(self, model: keras.Model, history: Sequence[HistoryRow]) -> None:
        """Adds a checkpoint and deletes all but the `KEPT` newest.

        Args:
            model: compiled; its optimizer is saved too.
            history: all evaluations; the last row gives the step.
        """
        final = self._path(history[-1].step)
        temporary = self._directory / f".partial-{final.name}"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        model.save_weights(temporary / _WEIGHTS)
        progress = json.dumps([asdict(row) for row in history])
        (temporary / _PROGRESS).write_text(progress, encoding="utf-8")
        shutil.rmtree(final, ignore_errors=True)
        os.replace(temporary, final)
        for step in self.steps[:-KEPT]:
            shutil.rmtree(self._path(step))

    def restore(self, model: keras.Model, step: int | None = None) -> list[HistoryRow]:
        """Loads a checkpoint and deletes the later ones.

        Args:
            model: compiled, with the configuration of the run.
            step: of the checkpoint; None takes the newest.

        Returns:
            The history up to the checkpoint; empty if `step` is None and there is no checkpoint.

        Raises:
            InputError: there is no checkpoint of that step; the message lists those that exist.
        """
        steps = self.steps
        if step is None and not steps:
            return []
        step = steps[-1] if step is None else step
        if step not in steps:
            raise InputError(f"--load_model: expected one of the steps {steps}, got {step}.")
        # An optimizer has its slots only after `build`; Keras would skip them silently.
        model.optimizer.build(model.trainable_variables)
        model.load_weights(self._path(step) / _WEIGHTS)
        for later in [other for other in steps if other > step]:
            shutil.rmtree(self._path(later))
        progress = (self._path(step) / _PROGRESS).read_text(encoding="utf-8")
        return [HistoryRow(**row) for row in json.loads(progress)]
