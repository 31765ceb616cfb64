"""The callbacks of a run, with a stub of a model and given dev perplexities."""

import math
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from ecm_tf.config import TrainingConfig
from ecm_tf.core.errors import InputError
from ecm_tf.training.callbacks import BestModel, DivergenceError, EarlyStopping
from ecm_tf.training.callbacks.learning_rate_decay import interval_losses
from ecm_tf.training.fit import RunCallbacks, fit_epochs
from ecm_tf.training.history import HistoryRow, write_history
from ecm_tf.training.workers import Workers


@pytest.fixture
def make_run(tmp_path, monkeypatch):
    """`make_run(**training)`: callbacks of a run; `dev` holds the next dev perplexities, then 9."""
    dev = []

    class Meter:
        def __init__(self, model):
            pass

        def measure(self, batches):
            value = dev.pop(0) if dev else 9.0
            return SimpleNamespace(token=value, sentence=value)

    monkeypatch.setattr("ecm_tf.training.callbacks.evaluation.PerplexityMeter", Meter)
    made = []

    def make(optimizer=None, steps_per_epoch=1000, history=(), **training):
        effects = []
        best_model = BestModel(None, lambda row: effects.append(("best model", row)))
        checkpoints = SimpleNamespace(
            save=lambda model, history: effects.append(("checkpoint", history[-1]))
        )
        monkeypatch.setattr(
            "ecm_tf.training.callbacks.history_files.write_history",
            lambda directory, history, title: effects.append(("history", history[-1])),
        )
        callbacks = RunCallbacks(
            tmp_path,
            TrainingConfig(**training),
            steps_per_epoch,
            None,
            list(history),
            checkpoints,
            best_model,
            Workers(),
        )
        made.append(callbacks)
        optimizer = optimizer or SimpleNamespace(learning_rate=0.5, use_ema=False)
        model = SimpleNamespace(optimizer=optimizer, emotion_predictor=None)
        for callback in callbacks.all:
            callback.set_model(model)
        return SimpleNamespace(
            callbacks=callbacks, model=model, optimizer=optimizer, effects=effects, dev=dev
        )

    yield make
    for callbacks in made:
        callbacks.close()


def rows_of(run, effect):
    return [row for name, row in run.effects if name == effect]


def fit(run, losses):
    """Calls the callbacks as `fit` does for an epoch with these losses."""
    since_reset = []
    run.model.reset_metrics = since_reset.clear
    for callback in run.callbacks.all:
        callback.on_train_begin()
    for batch, loss in enumerate(losses):
        since_reset.append(loss)
        # Keras logs the mean since the last reset.
        logs = {"loss": float(np.mean(since_reset))}
        for callback in run.callbacks.all:
            callback.on_train_batch_end(batch, logs)


@pytest.mark.parametrize(
    ("losses", "decays"),
    [
        ([5.0, 4.0, 3.0, 3.5], 0),  # above the last loss, not above the last three
        ([5.0, 4.0, 3.0, 5.5], 1),
        ([9.0, 4.0, 3.0, 5.0, 5.5], 1),  # 9.0 is not among the last three
        ([1.0, 2.0, 3.0], 0),  # fewer than three before
        ([1.0, 2.0, 3.0, 4.0, 5.0], 2),
        ([4.0, 4.0, 4.0, 4.0], 0),
    ],
)
@pytest.mark.parametrize("scaled", [False, True])
def test_the_learning_rate_decays_when_the_loss_rises(make_run, losses, decays, scaled):
    optimizer = keras.optimizers.SGD(0.5)
    if scaled:
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    run = make_run(optimizer, steps_per_checkpoint=1, learning_rate_decay_factor=0.5)
    fit(run, losses)
    assert float(optimizer.learning_rate) == pytest.approx(0.5 * 0.5**decays)


def test_the_decay_looks_at_full_intervals_only(make_run):
    """As the original does: evaluations at the ends of epochs give no loss to compare."""
    run = make_run(steps_per_checkpoint=2, steps_per_epoch=3, learning_rate_decay_factor=0.5)
    rates = []
    # Means of two steps: 1, 1, 1, 1. Each epoch's last loss alone would be the highest so far.
    for losses in ([1.0, 1.0, 2.0], [0.0, 0.5, 1.5], [0.0, 2.0, 3.0], [4.0]):
        fit(run, losses)
        rates.append(run.optimizer.learning_rate)
    # Steps 9 and 10 have the mean 3.5.
    assert rates == [0.5, 0.5, 0.5, 0.25]


def test_interval_losses_of_an_imported_run():
    """It begins in the middle of an interval, whose mean is unknown."""
    rows = [
        HistoryRow(step, 0.0, 0.5, loss, 9.0, 9.0, 0.0)
        for step, loss in [(15, math.nan), (18, 7.0), (20, 8.0), (23, 1.0), (30, 2.0), (35, 5.0)]
    ]
    assert interval_losses(rows, 10) == pytest.approx([(3 * 1.0 + 7 * 2.0) / 10])


def test_the_training_loss_is_the_mean_since_the_last_evaluation(make_run):
    run = make_run(steps_per_checkpoint=2, steps_per_epoch=5)
    fit(run, [1.0, 3.0, 10.0, 20.0, 7.0])
    saved = rows_of(run, "checkpoint")
    assert [row.step for row in saved] == [0, 2, 4, 5]
    assert [row.train_loss for row in saved[1:]] == pytest.approx([2.0, 15.0, 7.0])
    fit(run, [4.0, 6.0])  # steps 6 and 7, in the next epoch
    last = rows_of(run, "checkpoint")[-1]
    assert (last.step, last.train_loss) == (6, pytest.approx(4.0))


def test_the_best_model_has_the_lowest_perplexity_the_earliest_of_equals(make_run):
    run = make_run(steps_per_checkpoint=1, steps_per_epoch=2, early_stopping=1)
    run.dev += [9.0, 5.0, 5.0, 7.0, 6.0]
    stopped = []
    for _ in range(4):
        fit(run, [1.0])
        stopped.append(run.callbacks.early_stopping.stopped)
    # The best model is of step 1. At step 3, an epoch later, no epoch ends; at step 4 one does.
    assert stopped == [False, False, False, True]
    assert [row.step for row in rows_of(run, "best model")] == [0, 1]


def test_a_resumed_run_stops_early_only_at_the_end_of_an_epoch():
    history = [
        HistoryRow(step, step / 2, 0.5, 1.0, perplexity, perplexity, 0.0)
        for step, perplexity in enumerate([9.0, 5.0, 6.0, 6.0, 6.0])
    ]
    best_model = BestModel(history[1], lambda row: None)

    def stopped(history):
        settings = {"steps_per_epoch": 2, "best_model": best_model, "history": history}
        return EarlyStopping(1, **settings).stopped

    assert not stopped(history[:4]), "an interrupted epoch must be finished first"
    assert stopped(history)


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_ends_training(make_run, loss):
    run = make_run(steps_per_checkpoint=1)
    with pytest.raises(DivergenceError, match="before step 2"):
        fit(run, [1.0, loss])
    assert [row.step for row in rows_of(run, "checkpoint")] == [0, 1]

    run.model.fit = lambda *args, **kwargs: fit(run, [loss])
    expected = r"before step 3: .*--learning_rate.*of step 0, is kept"
    with pytest.raises(InputError, match=expected):
        fit_epochs(run.model, lambda epoch: SimpleNamespace(skip=str), run.callbacks, 1, 1000)


@pytest.mark.parametrize("perplexity", [math.nan, math.inf])
def test_weights_with_a_perplexity_that_is_not_finite_are_not_saved(make_run, perplexity):
    run = make_run(steps_per_checkpoint=1)
    run.dev[:] = [9.0, perplexity]
    with pytest.raises(DivergenceError, match="before step 2: the dev perplexity is"):
        fit(run, [1.0])
    assert [row.step for row in rows_of(run, "checkpoint")] == [0]


def test_an_untrained_model_whose_perplexity_is_not_finite(make_run):
    run = make_run()
    run.dev[:] = [math.nan]
    run.model.fit = lambda *args, **kwargs: fit(run, [1.0])
    with pytest.raises(InputError, match=r"before step 1: .*in another --train_dir\.$"):
        fit_epochs(run.model, lambda epoch: SimpleNamespace(skip=str), run.callbacks, 1, 1000)


def test_effects_of_an_evaluation_are_ordered(make_run):
    """The checkpoint has the decayed learning rate, and the history is written last."""
    run = make_run(steps_per_checkpoint=1, learning_rate_decay_factor=0.5)
    rates = []
    run.callbacks.best_model._save = lambda row: rates.append(run.optimizer.learning_rate)
    run.dev += [9.0, 8.0, 7.0, 6.0, 5.0]
    fit(run, [1.0, 1.0, 1.0, 2.0])
    assert rates[-2:] == [0.5, 0.25]
    assert [name for name, row in run.effects if row.step == 4] == ["checkpoint", "history"]
    assert rows_of(run, "checkpoint")[-1].learning_rate == 0.5


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("title", ["a $x$ b", "$", "模型"])
def test_every_directory_name_can_be_a_title(title, tmp_path):
    write_history(tmp_path, [HistoryRow(1, 0.1, 0.5, 3.0, 20.0, 21.0, 1.0)], title)
    assert (tmp_path / "learning_curve.png").stat().st_size > 1000
