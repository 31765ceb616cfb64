"""A training run, which can be resumed at any checkpoint."""

import contextlib
import dataclasses
import functools
import logging
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from ecm_tf.config import TrainingConfig
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import MANIFEST, read_manifest
from ecm_tf.data import batches
from ecm_tf.data.directory import DatasetDirectory
from ecm_tf.model import ECM
from ecm_tf.model.directory import ASSETS, save_model
from ecm_tf.text.assets import TextAssets, check_vocabularies
from ecm_tf.training.averages import averaged_weights
from ecm_tf.training.callbacks import BestModel
from ecm_tf.training.checkpoints import Checkpoints
from ecm_tf.training.construction import compiled_model, model_config
from ecm_tf.training.devices import prepare_devices
from ecm_tf.training.fit import RunCallbacks, fit_epochs
from ecm_tf.training.history import HistoryRow, write_history
from ecm_tf.training.initialization import initialize_embeddings, initialize_from_model
from ecm_tf.training.lock import exclusive
from ecm_tf.training.run_settings import Initialization, RunSettings
from ecm_tf.training.workers import Workers, find_workers, lost_workers_reported

_log = logging.getLogger(__name__)


def train(
    dataset_dir: Path,
    train_dir: Path,
    model_options: dict[str, Any],
    training: TrainingConfig,
    *,
    pretrain_dir: Path | None = None,
    word_vectors: Path | None = None,
    load_step: int | None = None,
    verify_dataset: bool = True,
) -> tuple[HistoryRow, HistoryRow]:
    """Trains a model, or resumes an interrupted run.

    Args:
        dataset_dir: a dataset directory, made by `data_prep build`.
        train_dir: the model directory to make or to resume, with checkpoints, TensorBoard logs,
            `history.csv` and `learning_curve.png`.
        model_options: fields of `ModelConfig` that the dataset does not determine.
        training: how to train.
        pretrain_dir: a model directory, usually of a Seq2Seq, to initialize a new run from.
        word_vectors: a word2vec text file to initialize both word embeddings of a new run from.
        load_step: step of the checkpoint to resume from; None takes the newest, if there is one.
        verify_dataset: whether to compare the files of the dataset with their digests.

    Returns:
        The evaluation of the untrained model, and the best one, whose weights the model directory
        holds.

    Raises:
        InputError: the dataset, the train_dir or a setting is invalid, another run uses the
            train_dir, or training diverged.
    """
    devices = prepare_devices()
    workers = find_workers()
    dataset, settings = checked_run(
        dataset_dir,
        train_dir,
        model_options,
        training,
        pretrain_dir=pretrain_dir,
        word_vectors=word_vectors,
        verify_dataset=verify_dataset,
    )
    counts, assets, config = dataset.manifest["counts"], dataset.assets, settings.model
    pairs = counts["pairs"]["train"]
    steps_per_epoch = batches.steps_per_epoch(pairs, training.batch_size, config)
    for line in devices:
        _log.info("%s", line)
    _log.info("%s", _headline(settings, pairs, steps_per_epoch, workers))
    with exclusive(train_dir) if workers.is_chief else contextlib.nullcontext():
        # Another run may have begun before the lock was acquired.
        settings.check_train_dir(train_dir)
        known = TextAssets.load(train_dir / ASSETS) if (train_dir / MANIFEST).is_file() else None
        if known is not None:
            check_vocabularies(str(dataset_dir), assets, str(train_dir), known)
        model = compiled_model(config, assets, training, workers)
        checkpoints = Checkpoints(train_dir)
        history = checkpoints.restore(model, load_step)
        if history:
            _log.info("resuming from the checkpoint of step %d", history[-1].step)
            if known is not None:
                # The emotion words of an imported model are among its weights.
                assets = dataclasses.replace(assets, external_memory=known.external_memory)
        else:
            if config.use_ememory and not any(assets.external_memory):
                _log.warning(
                    "%s has no emotion words, so the external memory only has generic words; "
                    "data_prep build takes emotion words with --ememory",
                    dataset_dir,
                )
            if pretrain_dir is not None:
                initialize_from_model(model, assets, pretrain_dir)
            if word_vectors is not None:
                initialize_embeddings(model, assets, word_vectors)
        best = _best_so_far(train_dir, history)
        # All workers have read the directory before the chief changes it.
        with lost_workers_reported(train_dir):
            workers.wait_for_all()
        save: Callable[[HistoryRow], None] = _nothing
        if workers.is_chief:
            settings.write(train_dir)
            if history:
                checkpoints.delete_after(history[-1].step)
                # The process may have died between the checkpoint and these files.
                write_history(train_dir, history, train_dir.name)
            save = functools.partial(_save, train_dir, model, assets, settings)
        if history and best is None:
            best = history[-1]
            save(best)
        best_model = BestModel(best, save)

        with RunCallbacks(
            train_dir,
            training,
            steps_per_epoch,
            batches.evaluation_batches(dataset_dir, "dev", config, training.batch_size),
            history,
            checkpoints,
            best_model,
            workers,
        ) as run_callbacks:
            fit_epochs(
                model,
                _training_batches(dataset_dir, settings, counts, workers),
                run_callbacks,
                training.epochs,
                steps_per_epoch,
            )
    assert best_model.best is not None
    return history[0], best_model.best


def checked_run(
    dataset_dir: Path,
    train_dir: Path,
    model_options: dict[str, Any],
    training: TrainingConfig,
    *,
    pretrain_dir: Path | None,
    word_vectors: Path | None,
    verify_dataset: bool,
) -> tuple[DatasetDirectory, RunSettings]:
    """Checks what a run reads, without changing anything.

    Args and errors are those of `train`.

    Returns:
        The dataset, and the settings of the run.
    """
    dataset = DatasetDirectory(dataset_dir, verify=verify_dataset)
    if not dataset.manifest["counts"]["pairs"]["dev"]:
        raise InputError(
            f"{dataset_dir}: expected dev pairs to choose the best model by, got none; build the "
            "dataset with --dev or a larger --dev_fraction."
        )
    config = model_config(model_options, dataset.assets)
    initialization = Initialization.of(train_dir, pretrain_dir, word_vectors)
    settings = RunSettings(config, training, dataset_dir, initialization)
    settings.check_train_dir(train_dir)
    return dataset, settings


def _save(
    train_dir: Path, model: ECM, assets: TextAssets, settings: RunSettings, row: HistoryRow
) -> None:
    """Saves the model of an evaluation, with the averages of its weights if there are any."""
    with averaged_weights(model):
        save_model(
            train_dir,
            model,
            assets,
            settings=settings.settings,
            counts={"step": row.step, "dev_perplexity": row.dev_perplexity},
            sources=settings.sources,
        )


def _nothing(row: HistoryRow) -> None:
    """Saves nothing; for workers that are not the chief."""


def _best_so_far(train_dir: Path, history: Sequence[HistoryRow]) -> HistoryRow | None:
    """Returns the evaluation of the model in a train_dir; None if that of a resumed run is missing.

    A model of a step that the history does not have is kept if it is better than all models of the
    history: it was saved after the checkpoint that is resumed from.

    Raises:
        InputError: there is a trained model, but no checkpoint: a new run would replace it.
    """
    if not (train_dir / MANIFEST).is_file():
        return None
    counts = read_manifest(train_dir, "model")["counts"]
    if counts["step"] and not history:
        raise InputError(
            f"{train_dir}: expected a checkpoint to resume from, got only the model of step "
            f"{counts['step']}; choose another --train_dir, or delete this one."
        )
    best = next((row for row in history if row.step == counts["step"]), None)
    return best or (_later_best(counts, history) if history else None)


def _later_best(counts: dict[str, Any], history: Sequence[HistoryRow]) -> HistoryRow | None:
    """Returns the evaluation of a saved model if it is better than those of the history."""
    perplexity = counts.get("dev_perplexity", math.inf)
    if not perplexity < min(row.dev_perplexity for row in history):
        return None
    return HistoryRow(
        step=counts["step"],
        epoch=math.nan,
        learning_rate=math.nan,
        train_loss=math.nan,
        dev_perplexity=perplexity,
        dev_sentence_perplexity=math.nan,
        seconds=math.nan,
    )


def _training_batches(
    dataset_dir: Path, settings: RunSettings, counts: dict[str, Any], workers: Workers
) -> Callable[..., tf.data.Dataset]:
    """Returns a function that returns the batches of the epoch given as `epoch`."""
    training = settings.training
    by_emotion = training.balance_emotions or training.single_emotion_batches
    emotions = [id_ for id_, count in enumerate(counts["emotions"]["train"]) if count]
    of_epoch = functools.partial(
        batches.training_batches,
        dataset_dir,
        settings.model,
        pairs=counts["pairs"]["train"],
        batch_size=training.batch_size,
        seed=training.seed,
        emotions=emotions if by_emotion else None,
        single_emotion=training.single_emotion_batches,
        static_lengths=training.jit_compile,
    )
    if workers.count == 1:
        return of_epoch
    return lambda epoch: workers.part(of_epoch(epoch=epoch))


def _headline(settings: RunSettings, pairs: int, steps_per_epoch: int, workers: Workers) -> str:
    config, training = settings.model, settings.training
    modules = {
        "emotion embedding": config.use_emb,
        "internal memory": config.use_imemory,
        "external memory": config.use_ememory,
    }
    switched_on = " + ".join(name for name, on in modules.items() if on)
    part = f"worker {workers.index + 1} of {workers.count}, " if workers.count > 1 else ""
    return (
        f"{part}training {config.variant} ({switched_on or 'no emotion module'}): "
        f"{config.num_layers} layers of {config.size}, vocabularies of "
        f"{config.post_vocabulary_size} and {config.response_vocabulary_size} words, "
        f"{config.categories} emotions, {pairs} pairs, {training.epochs} epochs of "
        f"{steps_per_epoch} steps, {training.mixed_precision}, seed {training.seed}"
    )
