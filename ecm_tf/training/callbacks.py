"""What happens every so many steps and at each epoch's end: measure, keep the best, save."""

import math
import sys
import time
from pathlib import Path

import keras
import tensorflow as tf
from tqdm import tqdm

from ecm_tf.config import TrainingConfig
from ecm_tf.core.errors import InputError
from ecm_tf.model.perplexity import PerplexityMeter
from ecm_tf.training.checkpoints import Checkpoints
from ecm_tf.training.history import Milestone, write_history


class Milestones(keras.callbacks.Callback):
    """Evaluates on dev, keeps the best model, decays the learning rate, saves a checkpoint.

    Args:
        train_dir: gets `history.csv`, `learning_curve.png` and TensorBoard's `logs`.
        training: how often, and when to stop.
        steps_per_epoch: batches of an epoch.
        dev_batches: what to evaluate on.
        checkpoints: where to save.
        rows: the history so far.
        best: the milestone whose model is kept; None before the first.
        keep_best: called, with the milestone, when the model is better than ever before.
    """

    def __init__(
        self,
        train_dir: Path,
        training: TrainingConfig,
        steps_per_epoch: int,
        dev_batches: tf.data.Dataset,
        checkpoints: Checkpoints,
        rows: list[Milestone],
        best: Milestone | None,
        keep_best,
    ) -> None:
        super().__init__()
        self._train_dir = train_dir
        self._training = training
        self._steps_per_epoch = steps_per_epoch
        self._dev_batches = dev_batches
        self._checkpoints = checkpoints
        self._rows = rows
        self.best: Milestone | None = best
        self._keep_best = keep_best
        self._began = time.monotonic()
        self._meter: PerplexityMeter | None = None
        self._summary = tf.summary.create_file_writer(str(train_dir / "logs"))
        self.step = rows[-1].step if rows else 0
        self._bar = tqdm(
            desc="training",
            total=training.epochs * steps_per_epoch,
            initial=self.step,
            unit="step",
            disable=None,
        )

    @property
    def stalled(self) -> bool:
        """Whether early stopping says that it is enough."""
        patience = self._training.early_stopping * self._steps_per_epoch
        return self.best is not None and 0 < patience <= self.step - self.best.step

    def close(self) -> None:
        """Ends the progress bar and the TensorBoard log."""
        self._bar.close()
        self._summary.close()

    def on_train_begin(self, logs=None):
        """Measures the untrained model once, for comparison."""
        if self._meter is None:
            self._meter = PerplexityMeter(self.model)
        if not self._rows:
            self._reach(math.nan)

    def on_train_batch_end(self, batch, logs=None):
        """Counts, and reaches a milestone every `steps_per_checkpoint` steps."""
        self.step += 1
        self._bar.update()
        at_epoch_end = self.step % self._steps_per_epoch == 0
        if self.step % self._training.steps_per_checkpoint == 0 or at_epoch_end:
            self._reach(logs["loss"])
            # Keras logs running means: from here on, of the next interval.
            self.model.reset_metrics()

    def _reach(self, train_loss):
        if self.step and not math.isfinite(train_loss):
            raise InputError(
                f"{self._train_dir}: training diverged before step {self.step}: the loss is "
                f"{train_loss}; expected a number. Try a smaller --learning_rate. "
                f"The best model so far, of step {self.best.step}, is kept."
            )
        dev = self._meter.measure(self._dev_batches)
        row = Milestone(
            step=self.step,
            epoch=self.step / self._steps_per_epoch,
            learning_rate=float(self.model.optimizer.learning_rate),
            train_loss=train_loss,
            dev_perplexity=dev.token,
            dev_sentence_perplexity=dev.sentence,
            seconds=time.monotonic() - self._began,
        )
        self._rows.append(row)
        tqdm.write(
            f"step {row.step}  epoch {row.epoch:.2f}  learning rate {row.learning_rate:.4g}  "
            f"train loss {_shown(row.train_loss)}  dev perplexity {row.dev_perplexity:.2f} "
            f"(per sentence {row.dev_sentence_perplexity:.2f})  {row.seconds:.0f} s"
        )
        sys.stdout.flush()
        self._decay_learning_rate()
        if self.best is None or row.dev_perplexity < self.best.dev_perplexity:
            self.best = row
            self._keep_best(row)
        self._checkpoints.save(self.model, self._rows)
        write_history(self._train_dir, self._rows, self._train_dir.name)
        with self._summary.as_default(step=row.step):
            for name in ("train_loss", "dev_perplexity", "learning_rate"):
                tf.summary.scalar(name, getattr(row, name))

    def _decay_learning_rate(self):
        """The original's rule: a training loss above the last three was too large a step."""
        *before, now = [row.train_loss for row in self._rows if row.step] or [math.nan]
        if len(before) > 2 and now > max(before[-3:]):
            optimizer = self.model.optimizer
            factor = self._training.learning_rate_decay_factor
            optimizer.learning_rate = float(optimizer.learning_rate) * factor


def _shown(loss):
    return "-" if math.isnan(loss) else f"{loss:.4f}"
