"""The fit loop of a training run and its callbacks."""

import contextlib
import logging
from collections.abc import Callable
from pathlib import Path

import keras
import tensorflow as tf

from ecm_tf.config import TrainingConfig
from ecm_tf.core.errors import InputError
from ecm_tf.training import callbacks
from ecm_tf.training.checkpoints import Checkpoints
from ecm_tf.training.history import HistoryRow
from ecm_tf.training.workers import Workers, lost_workers_reported

_log = logging.getLogger(__name__)


class RunCallbacks(contextlib.ExitStack):
    """The callbacks of a run, in their order; a context manager that closes them.

    Args:
        train_dir: receives `history.csv`, `learning_curve.png` and `logs/`.
        training: how to train.
        steps_per_epoch: batches of an epoch.
        dev_batches: what to evaluate on.
        history: the evaluations so far; each evaluation appends its row.
        checkpoints: receives the checkpoints.
        best_model: saves the model directory.
        workers: the processes of the run; only the chief writes files.
    """

    def __init__(
        self,
        train_dir: Path,
        training: TrainingConfig,
        steps_per_epoch: int,
        dev_batches: tf.data.Dataset,
        history: list[HistoryRow],
        checkpoints: Checkpoints,
        best_model: callbacks.BestModel,
        workers: Workers,
    ) -> None:
        super().__init__()
        self.train_dir = train_dir
        self.best_model = best_model
        self.early_stopping = callbacks.EarlyStopping(
            training.early_stopping,
            steps_per_epoch=steps_per_epoch,
            best_model=best_model,
            history=history,
        )
        listeners: list[callbacks.EvaluationListener] = [
            callbacks.LearningRateDecay(
                training.learning_rate_decay_factor, interval=training.steps_per_checkpoint
            ),
            best_model,
            self.early_stopping,
        ]
        if workers.is_chief:
            tensorboard = callbacks.TensorBoardLog(train_dir / "logs")
            self.callback(tensorboard.close)
            listeners.insert(0, callbacks.EvaluationLog())
            listeners += [
                callbacks.Checkpoint(checkpoints),
                callbacks.HistoryFiles(train_dir),
                tensorboard,
            ]
        self.evaluation = callbacks.Evaluation(
            dev_batches,
            interval=training.steps_per_checkpoint,
            steps_per_epoch=steps_per_epoch,
            history=history,
            listeners=listeners,
            workers=workers,
        )
        progress = callbacks.ProgressBar(training.epochs * steps_per_epoch, self.evaluation.step)
        self.callback(progress.close)
        self.all: list[keras.callbacks.Callback] = [progress, self.evaluation, *listeners]


def fit_epochs(
    model: keras.Model,
    batches_of: Callable[..., tf.data.Dataset],
    run_callbacks: RunCallbacks,
    epochs: int,
    steps_per_epoch: int,
) -> None:
    """Runs the remaining epochs; the first one continues where it was interrupted.

    `fit` is called once per epoch, because the batches of an epoch depend on its number and a
    resumed run must skip those it has seen.

    Args:
        model: compiled, and restored if the run is resumed.
        batches_of: returns the batches of the epoch given as `epoch`.
        run_callbacks: the callbacks.
        epochs: passes over the training pairs, those before the interruption included.
        steps_per_epoch: batches of an epoch.

    Raises:
        InputError: training diverged.
    """
    first_epoch, skipped = divmod(run_callbacks.evaluation.step, steps_per_epoch)
    if first_epoch >= epochs:
        _log.info("%d epochs are done; --epochs %d or more trains on", first_epoch, first_epoch + 1)
    for epoch in range(first_epoch, epochs):
        if run_callbacks.early_stopping.stopped:
            patience = run_callbacks.early_stopping.patience
            _log.info("no better dev perplexity for %d epochs: stopping", patience)
            break
        try:
            with lost_workers_reported(run_callbacks.train_dir):
                model.fit(
                    batches_of(epoch=epoch).skip(skipped),
                    epochs=epoch + 1,
                    initial_epoch=epoch,
                    callbacks=run_callbacks.all,
                    shuffle=False,
                    verbose=0,
                )
        except callbacks.DivergenceError as error:
            best = run_callbacks.best_model.best
            kept = f" The best model so far, of step {best.step}, is kept." if best else ""
            raise InputError(
                f"{run_callbacks.train_dir}: {error}; expected a finite number. Try a smaller "
                f"--learning_rate in another --train_dir.{kept}"
            ) from error
        skipped = 0
