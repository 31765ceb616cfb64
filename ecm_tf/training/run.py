"""The training run: `model.fit` epoch after epoch, resumable at any checkpoint."""

import contextlib
import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from ecm_tf.config import ModelConfig, TrainingConfig
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import MANIFEST, read_manifest, sha256, write_atomically
from ecm_tf.data import batches
from ecm_tf.model.directory import ASSETS, new_model, save_model
from ecm_tf.text.assets import TextAssets
from ecm_tf.training.callbacks import Milestones
from ecm_tf.training.checkpoints import Checkpoints
from ecm_tf.training.history import Milestone
from ecm_tf.training.pretraining import start_from, start_with

RUN = "run.json"
_MAY_CHANGE = {"epochs", "early_stopping"}
_POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}


def train(
    dataset_dir: Path,
    train_dir: Path,
    model_options: dict[str, Any],
    training: TrainingConfig,
    *,
    pretrain_dir: Path | None = None,
    word_vectors: Path | None = None,
    load_step: int | None = None,
) -> tuple[Milestone, Milestone]:
    """Trains a model, or goes on where an interrupted run stopped.

    Args:
        dataset_dir: from `data_prep build`.
        train_dir: becomes a model directory, with checkpoints, TensorBoard logs, a CSV and a
            picture.
        model_options: fields of `ModelConfig` that the dataset does not give.
        training: how to train.
        pretrain_dir: a model directory, usually of a Seq2Seq, to start from.
        word_vectors: word2vec text file to start both word embeddings from.
        load_step: the checkpoint to go on from; None takes the newest, if any.

    Returns:
        The milestone before the first step, and the best, whose weights the model directory holds.

    Raises:
        InputError: the dataset, the train_dir or a setting is at fault, or training diverged.
    """
    manifest = read_manifest(dataset_dir, "dataset")
    counts = manifest["counts"]
    if not counts["pairs"]["dev"]:
        raise InputError(
            f"{dataset_dir}: expected dev pairs to choose the best model by, got none; build the "
            "dataset with --dev or a larger --dev_fraction."
        )
    assets = TextAssets.load(dataset_dir / ASSETS)
    config = ModelConfig.from_dict(
        {
            **model_options,
            "post_vocabulary_size": len(assets.post_words),
            "response_vocabulary_size": len(assets.response_words),
            "categories": len(assets.emotions),
        }
    )
    pairs = counts["pairs"]["train"]
    steps_per_epoch = batches.steps_per_epoch(pairs, training.batch_size, config)
    print(_headline(config, pairs, training, steps_per_epoch), flush=True)
    settings = {"model": config.to_dict(), "training": training.to_dict()}
    sources = {"dataset": sha256(dataset_dir / MANIFEST)}
    _check_unclaimed(train_dir, {**settings, **sources})
    _check_vocabulary(train_dir, assets)

    keras.utils.set_random_seed(training.seed)
    model = new_model(config, assets, dtype=_POLICIES[training.mixed_precision])
    model.compile(optimizer=make_optimizer(training), jit_compile=False)
    checkpoints = Checkpoints(train_dir)
    rows = checkpoints.restore(model, load_step)
    if rows:
        print(f"going on from the checkpoint of step {rows[-1].step}", flush=True)
    else:
        if pretrain_dir is not None:
            start_from(pretrain_dir, model)
        if word_vectors is not None:
            start_with(word_vectors, model, assets)
    train_dir.mkdir(parents=True, exist_ok=True)
    write_atomically(train_dir / RUN, json.dumps({**settings, **sources}, indent=2) + "\n")

    def keep_best(row: Milestone) -> None:
        figures = {"step": row.step, "dev_perplexity": row.dev_perplexity}
        save_model(train_dir, model, assets, settings=settings, counts=figures, sources=sources)

    best = _kept(train_dir, rows)
    if rows and best is None:
        # The model there is of a step that this history does not reach, or was never finished.
        best = rows[-1]
        keep_best(best)
    milestones = Milestones(
        train_dir,
        training,
        steps_per_epoch,
        batches.evaluation_batches(dataset_dir, "dev", config, training.batch_size),
        checkpoints,
        rows,
        best,
        keep_best,
    )
    present = [id_ for id_, count in enumerate(counts["emotions"]["train"]) if count]
    by_emotion = training.balance_emotions or training.single_emotion_batches
    batches_of = functools.partial(
        batches.training_batches,
        dataset_dir,
        config,
        pairs=pairs,
        batch_size=training.batch_size,
        seed=training.seed,
        emotions=present if by_emotion else None,
        single_emotion=training.single_emotion_batches,
    )
    with contextlib.closing(milestones):
        _fit(model, milestones, batches_of, training, steps_per_epoch)
    return rows[0], milestones.best


def _fit(
    model: keras.Model,
    milestones: Milestones,
    batches_of: Callable[..., tf.data.Dataset],
    training: TrainingConfig,
    steps_per_epoch: int,
) -> None:
    """Runs the epochs that are left, the first of them from where it was interrupted."""
    first_epoch, done = divmod(milestones.step, steps_per_epoch)
    if first_epoch >= training.epochs:
        print(f"{first_epoch} epochs are done; --epochs {first_epoch + 1} or more trains on")
    for epoch in range(first_epoch, training.epochs):
        if milestones.stalled:
            print(f"no better dev perplexity for {training.early_stopping} epochs: stopping")
            break
        model.fit(
            batches_of(epoch=epoch).skip(done),
            epochs=epoch + 1,
            initial_epoch=epoch,
            callbacks=[milestones],
            shuffle=False,
            verbose=0,
        )
        done = 0


def _headline(
    config: ModelConfig, pairs: int, training: TrainingConfig, steps_per_epoch: int
) -> str:
    modules = {
        "emotion embedding": config.use_emb,
        "internal memory": config.use_imemory,
        "external memory": config.use_ememory,
    }
    switched_on = " + ".join(name for name, on in modules.items() if on)
    return (
        f"training {config.variant} ({switched_on or 'no emotion module'}): "
        f"{config.num_layers} layers of {config.size}, vocabularies of "
        f"{config.post_vocabulary_size} and {config.response_vocabulary_size} words, "
        f"{config.categories} emotions, {pairs} pairs, {training.epochs} epochs of "
        f"{steps_per_epoch} steps, {training.mixed_precision}, seed {training.seed}"
    )


def _check_unclaimed(train_dir: Path, run: dict[str, Any]) -> None:
    """Sees to it that a directory is new, or belongs to this very run.

    Raises:
        InputError: it belongs to another run, or to something else.
    """
    path = train_dir / RUN
    if path.is_file():
        before = json.loads(path.read_text(encoding="utf-8"))
        changed = _differences(before, run)
        if changed:
            raise InputError(
                f"{train_dir}: expected the settings it was begun with; changed: "
                f"{'; '.join(changed)}. Train into another --train_dir, or delete this one."
            )
    elif train_dir.exists() and any(train_dir.iterdir()):
        raise InputError(f"{train_dir}: expected an empty or new directory, or one of a run.")


def _check_vocabulary(train_dir: Path, assets: TextAssets) -> None:
    """Sees to it that a model goes on with the words it knows.

    Raises:
        InputError: the dataset has other words.
    """
    if not (train_dir / MANIFEST).is_file():
        return
    known = TextAssets.load(train_dir / ASSETS)
    for side in ("post_words", "response_words"):
        if getattr(known, side) != getattr(assets, side):
            raise InputError(
                f"{train_dir}: expected a dataset with the vocabularies of the model there; "
                f"its {side.replace('_', ' ')} are others."
            )


def _kept(train_dir: Path, rows: list[Milestone]) -> Milestone | None:
    """The milestone whose model the directory holds, if it is one of these."""
    if not (train_dir / MANIFEST).is_file():
        return None
    step = read_manifest(train_dir, "model")["counts"]["step"]
    return next((row for row in rows if row.step == step), None)


def _differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What is no longer as it was; a run that began elsewhere says only what it knows."""
    changed = []
    for name in before.keys() & now.keys() - _MAY_CHANGE:
        old, new = before[name], now[name]
        if isinstance(old, dict) and isinstance(new, dict):
            changed += _differences(old, new)
        elif old != new:
            changed.append(f"{name} was {old}, is {new}")
    return sorted(changed)


def make_optimizer(training: TrainingConfig) -> keras.optimizers.Optimizer:
    """The optimizer of a run, clipping included."""
    kind = {"sgd": keras.optimizers.SGD, "adam": keras.optimizers.Adam}[training.optimizer]
    return kind(training.learning_rate, global_clipnorm=training.max_gradient_norm)
