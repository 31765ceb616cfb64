"""Train a model: `python -m ecm_tf.train --dataset DATASET --train_dir MODEL --use_emb …`."""

import argparse
import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ecm_tf.config import (
    PRESETS,
    ClusterConfig,
    ModelConfig,
    TrainingConfig,
    add_buckets,
)
from ecm_tf.core import command, ray_cluster
from ecm_tf.core.arguments import Parser, non_negative_int
from ecm_tf.core.errors import InputError
from ecm_tf.core.files import require_output_directory
from ecm_tf.core.imports import importing_tensorflow
from ecm_tf.core.logging import configure_logging
from ecm_tf.core.optional import require_extra

if TYPE_CHECKING:
    from ecm_tf.training.history import HistoryRow

PROG = "python -m ecm_tf.train"


def parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Returns the command's argument parser."""
    result = Parser(
        prog=prog,
        description="Train an Emotional Chatting Machine on a dataset directory. Without "
        "--use_emb, --use_imemory and --use_ememory the model is a plain Seq2Seq. An interrupted "
        "run is resumed by running the same command again.",
    )
    result.add_argument(
        "--dataset", type=Path, required=True, help="a dataset directory, made by data_prep build"
    )
    result.add_argument(
        "--train_dir",
        type=Path,
        required=True,
        help="model directory to make, or whose training to resume",
    )
    result.add_argument(
        "--pretrain_dir",
        type=Path,
        help="initialize all weights but those of the emotion modules from this model directory, "
        "usually of a Seq2Seq",
    )
    result.add_argument(
        "--word_vectors",
        type=Path,
        metavar="FILE",
        help="initialize both word embeddings from this word2vec text file, gzipped or not",
    )
    result.add_argument(
        "--verify_dataset",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="compare the files of the dataset with their digests before training; "
        "--no-verify_dataset saves reading a huge dataset once more (default: %(default)s)",
    )
    result.add_argument(
        "--load_model",
        type=non_negative_int,
        metavar="STEP",
        help="resume from the checkpoint of this step instead of the newest one",
    )
    result.add_argument(
        "--preset",
        choices=sorted(PRESETS),
        help="original: the settings of the original program, which does not mask padding and "
        "draws batches of one emotion; other flags take precedence",
    )
    add_buckets(result, ModelConfig.buckets)
    command.add_options(result.add_argument_group("model"), ModelConfig)
    command.add_options(result.add_argument_group("training"), TrainingConfig)
    command.add_options(result.add_argument_group("several workers"), ClusterConfig)
    return result


def main(argv: Sequence[str] | None = None, prog: str = PROG) -> None:
    """Runs the command; see `--help`."""
    arguments = command.parse(parser(prog), argv, lambda given: PRESETS.get(given.preset, {}))
    training = TrainingConfig(**command.options_of(TrainingConfig, arguments))
    cluster = ClusterConfig(**command.options_of(ClusterConfig, arguments))
    if arguments.load_model is not None and arguments.pretrain_dir is not None:
        raise InputError(
            "expected --load_model, which resumes a run, or --pretrain_dir, which starts one; "
            "got both."
        )
    require_output_directory(arguments.train_dir)
    configure_logging()
    # Importing TensorFlow takes seconds, so the arguments are checked first.
    before, best = _function_for(cluster)(
        dataset_dir=arguments.dataset,
        train_dir=arguments.train_dir,
        model_options={**command.options_of(ModelConfig, arguments), "buckets": arguments.buckets},
        training=training,
        pretrain_dir=arguments.pretrain_dir,
        word_vectors=arguments.word_vectors,
        load_step=arguments.load_model,
        verify_dataset=arguments.verify_dataset,
    )
    print(
        f"{arguments.train_dir}: model of step {best.step}, dev perplexity "
        f"{before.dev_perplexity:.2f} before training, {best.dev_perplexity:.2f} after"
    )


def _function_for(cluster: ClusterConfig) -> "Callable[..., tuple[HistoryRow, HistoryRow]]":
    """Returns the function that trains in this process, or on the workers that Ray starts."""
    if cluster.workers is None:
        with importing_tensorflow():
            from ecm_tf.training.run import train
        return train
    if os.environ.get("TF_CONFIG"):
        raise InputError(
            "expected --workers, or workers that the environment variable TF_CONFIG describes; got "
            "both."
        )
    if cluster.ray_address == ray_cluster.LOCAL:
        ray_cluster.disable_cluster()
    with importing_tensorflow(), require_extra("train-ray"):
        from ecm_tf.training.ray_workers import train_on_ray
    return functools.partial(train_on_ray, cluster)


if __name__ == "__main__":
    command.run(main)
