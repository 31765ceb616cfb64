"""Evaluation on the dev split during training."""

import logging
import math
import time
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from ecm_tf.model.emotion_prediction import EmotionMeter
from ecm_tf.model.perplexity import PerplexityMeter
from ecm_tf.training.averages import averaged_weights
from ecm_tf.training.history import HistoryRow
from ecm_tf.training.workers import Workers

_log = logging.getLogger(__name__)


class DivergenceError(Exception):
    """The training loss or the dev perplexity is NaN or infinite."""


class EvaluationListener(keras.callbacks.Callback):
    """Base class of callbacks that act on each evaluation."""

    def on_evaluation(self, history: Sequence[HistoryRow]) -> None:
        """Acts on an evaluation.

        Args:
            history: all evaluations of the run so far, the newest last; at least one.
        """
        raise NotImplementedError


class Evaluation(keras.callbacks.Callback):
    """Evaluates every `interval` steps and at the end of each epoch, and informs the listeners.

    The untrained model is evaluated too, as step 0. If the optimizer keeps averages of the weights,
    these are evaluated. `validation_data` of `fit` cannot replace
    this: Keras validates at the end of epochs only.

    Args:
        batches: the dev batches.
        interval: steps between evaluations, at least 1.
        steps_per_epoch: batches of an epoch.
        history: the evaluations of the run so far, empty for a new run; each evaluation appends
            its row.
        listeners: called in order after each evaluation. They must be callbacks of the same `fit`
            too, which gives them the model.
        workers: the processes of the run; the chief measures, and the others get its figures.
    """

    def __init__(
        self,
        batches: tf.data.Dataset,
        *,
        interval: int,
        steps_per_epoch: int,
        history: list[HistoryRow],
        listeners: Sequence[EvaluationListener],
        workers: Workers,
    ) -> None:
        super().__init__()
        self._batches = batches
        self._interval = interval
        self._steps_per_epoch = steps_per_epoch
        self._history = history
        self._listeners = listeners
        self._workers = workers
        # As if the run had not been interrupted.
        self._started = time.monotonic() - (history[-1].seconds if history else 0)
        self._meter: PerplexityMeter | None = None
        self._emotion_meter: EmotionMeter | None = None
        self.step = history[-1].step if history else 0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Evaluates the untrained model, for comparison."""
        if self._workers.is_chief and self._meter is None:
            self._meter = PerplexityMeter(self.model)
            if self.model.emotion_predictor:
                self._emotion_meter = EmotionMeter(self.model)
        if not self._history:
            self._evaluate(math.nan)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Counts the step and evaluates if it is time.

        Raises:
            DivergenceError: the training loss since the last evaluation, or the dev perplexity, is
                not finite.
        """
        self.step += 1
        if self.step % self._interval == 0 or self.step % self._steps_per_epoch == 0:
            assert logs is not None
            if not math.isfinite(logs["loss"]):
                raise DivergenceError(
                    f"training diverged before step {self.step}: the loss is {logs['loss']}"
                )
            self._evaluate(logs["loss"])
            # Keras logs running means; the next ones shall start after this evaluation.
            self.model.reset_metrics()

    def _evaluate(self, train_loss: float) -> None:
        mine = self._measure() if self._workers.is_chief else [math.nan] * 3
        token, sentence, accuracy = self._workers.from_chief(mine)
        if not math.isfinite(token):
            # The listeners would save these weights, and a resumed run would begin with them.
            raise DivergenceError(
                f"training diverged before step {self.step + 1}: the dev perplexity is {token}"
            )
        self._history.append(
            HistoryRow(
                step=self.step,
                epoch=self.step / self._steps_per_epoch,
                learning_rate=float(self.model.optimizer.learning_rate),
                train_loss=train_loss,
                dev_perplexity=token,
                dev_sentence_perplexity=sentence,
                seconds=time.monotonic() - self._started,
                dev_emotion_accuracy=accuracy,
            )
        )
        for listener in self._listeners:
            listener.on_evaluation(tuple(self._history))

    def _measure(self) -> list[float]:
        """Returns the perplexities per token and per sentence, and the accuracy of emotions."""
        assert self._meter is not None
        with averaged_weights(self.model):
            perplexity = self._meter.measure(self._batches)
            accuracy = math.nan
            if self._emotion_meter:
                accuracy = self._emotion_meter.measure(self._batches).accuracy
        return [perplexity.token, perplexity.sentence, accuracy]


class EvaluationLog(EvaluationListener):
    """Logs each evaluation as one line."""

    def on_evaluation(self, history: Sequence[HistoryRow]) -> None:
        """Logs the newest row."""
        row = history[-1]
        loss = "-" if math.isnan(row.train_loss) else f"{row.train_loss:.4f}"
        accuracy = row.dev_emotion_accuracy
        predicted = "" if math.isnan(accuracy) else f"  dev emotion accuracy {accuracy:.3f}"
        _log.info(
            "step %d  epoch %.2f  learning rate %.4g  train loss %s  dev perplexity %.2f "
            "(per sentence %.2f)%s  %.0f s",
            row.step,
            row.epoch,
            row.learning_rate,
            loss,
            row.dev_perplexity,
            row.dev_sentence_perplexity,
            predicted,
            row.seconds,
        )
