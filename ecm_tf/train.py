"""Train a model: `python -m ecm_tf.train --dataset DATASET --train_dir MODEL --use_emb …`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ecm_tf.config import PRESETS, ModelConfig, TrainingConfig
from ecm_tf.core import command
from ecm_tf.core.errors import InputError

PROG = "python -m ecm_tf.train"


def parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Returns the command's argument parser."""
    result = argparse.ArgumentParser(
        prog=prog,
        description="Train an Emotional Chatting Machine on a dataset directory. Without any of "
        "--use_emb, --use_imemory and --use_ememory it is a plain Seq2Seq. The same command, run "
        "again, goes on where it was interrupted.",
    )
    result.add_argument("--dataset", type=Path, required=True, help="made by data_prep build")
    result.add_argument("--train_dir", type=Path, required=True, help="becomes the model directory")
    result.add_argument(
        "--pretrain_dir",
        type=Path,
        help="start from this model directory (a Seq2Seq): all but the emotion modules is loaded",
    )
    result.add_argument(
        "--word_vectors",
        type=Path,
        metavar="FILE",
        help="start word embeddings from this word2vec text file (gzipped or not); optional",
    )
    result.add_argument(
        "--load_model",
        type=int,
        metavar="STEP",
        help="go on from the checkpoint of this step instead of the newest",
    )
    result.add_argument(
        "--preset",
        choices=sorted(PRESETS),
        help="original: train as the original program does, over padding, with batches of one "
        "emotion; flags given beside it still count",
    )
    command.add_buckets(result, ModelConfig.buckets)
    command.add_options(result.add_argument_group("model"), ModelConfig)
    command.add_options(result.add_argument_group("training"), TrainingConfig)
    return result


def main(argv: Sequence[str] | None = None, prog: str = PROG) -> None:
    """The command; see `--help`."""
    arguments = command.parse(parser(prog), argv, lambda given: PRESETS.get(given.preset, {}))
    training = TrainingConfig(**command.options_of(TrainingConfig, arguments))
    if arguments.load_model is not None and arguments.pretrain_dir is not None:
        raise InputError("--load_model goes on with a run, --pretrain_dir begins one; got both.")
    # TensorFlow takes seconds to import: not before the arguments are known to be right.
    with command.suppress_native_stderr():
        from ecm_tf.training.run import train

    before, best = train(
        arguments.dataset,
        arguments.train_dir,
        {**command.options_of(ModelConfig, arguments), "buckets": arguments.buckets},
        training,
        pretrain_dir=arguments.pretrain_dir,
        word_vectors=arguments.word_vectors,
        load_step=arguments.load_model,
    )
    print(
        f"{arguments.train_dir}: model of step {best.step}, dev perplexity "
        f"{before.dev_perplexity:.2f} before training, {best.dev_perplexity:.2f} after"
    )


if __name__ == "__main__":
    command.run(main)
