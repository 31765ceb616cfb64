"""Checkpoints of a training run: weights, optimizer and progress, so that it can go on."""

import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ecm_tf.core.errors import InputError
from ecm_tf.training.history import Milestone

KEPT = 3
"""How many of the newest checkpoints stay."""

_WEIGHTS, _PROGRESS = "training.weights.h5", "progress.json"


class Checkpoints:
    """The checkpoints below a train_dir, one directory a step.

    Args:
        train_dir: where the model directory is being made.
    """

    def __init__(self, train_dir: Path) -> None:
        self._directory = train_dir / "checkpoints"

    @property
    def steps(self) -> list[int]:
        """Steps of the checkpoints that exist, ascending."""
        return sorted(
            int(path.name.removeprefix("step-")) for path in self._directory.glob("step-*")
        )

    def _path(self, step: int) -> Path:
        return self._directory / f"step-{step:08d}"

    def save(self, model: Any, rows: list[Milestone]) -> None:
        """Adds a checkpoint and removes all but the `KEPT` newest.

        Args:
            model: compiled; its optimizer is saved too.
            rows: the history, whose last row gives the step.
        """
        final = self._path(rows[-1].step)
        temporary = self._directory / f".partial-{final.name}"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        model.save_weights(temporary / _WEIGHTS)
        progress = json.dumps([asdict(row) for row in rows])
        (temporary / _PROGRESS).write_text(progress, encoding="utf-8")
        shutil.rmtree(final, ignore_errors=True)
        os.replace(temporary, final)
        for step in self.steps[:-KEPT]:
            shutil.rmtree(self._path(step))

    def restore(self, model: Any, step: int | None = None) -> list[Milestone]:
        """Loads a checkpoint and forgets those after it.

        Args:
            model: compiled, with the configuration of the run.
            step: which one; None takes the newest.

        Returns:
            The history up to it; empty if `step` is None and there is no checkpoint.

        Raises:
            InputError: there is no checkpoint of that step; the message lists those that exist.
        """
        steps = self.steps
        if step is None and not steps:
            return []
        step = steps[-1] if step is None else step
        if step not in steps:
            raise InputError(f"--load_model: expected one of the steps {steps}, got {step}.")
        # Adam's slots exist only after build; without them nothing of the optimizer is loaded.
        model.optimizer.build(model.trainable_variables)
        model.load_weights(self._path(step) / _WEIGHTS)
        for later in [other for other in steps if other > step]:
            shutil.rmtree(self._path(later))
        progress = (self._path(step) / _PROGRESS).read_text(encoding="utf-8")
        return [Milestone(**row) for row in json.loads(progress)]
