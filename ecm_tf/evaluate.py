"""Measure models: `python -m ecm_tf.evaluate --train_dir MODEL… --dataset DATASET`."""

import argparse
import json
from pathlib import Path

from ecm_tf import command


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ecm_tf.evaluate",
        description="Perplexity of one or several models on a split of a dataset: per token, and "
        "as the original program reports it (of the mean over sentences).",
    )
    parser.add_argument(
        "--train_dir", type=Path, required=True, nargs="+", help="model directories"
    )
    parser.add_argument("--dataset", type=Path, required=True, help="made by data_prep build")
    parser.add_argument("--split", choices=("train", "dev", "test"), default="test")
    parser.add_argument("--batch_size", type=int, default=128)
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    return parser


def main(argv: list[str] | None = None) -> None:
    """The command; see `--help`."""
    arguments = _parser().parse_args(argv)
    with command.native_silence():
        from ecm_tf.dataset import evaluation_batches
        from ecm_tf.manifest import read_manifest, write_atomically
        from ecm_tf.model_directory import load_model
        from ecm_tf.perplexity import PerplexityMeter

    read_manifest(arguments.dataset, "dataset")
    figures = []
    for directory in arguments.train_dir:
        model, _ = load_model(directory)
        batches = evaluation_batches(
            arguments.dataset, arguments.split, model.config, arguments.batch_size
        )
        perplexity = PerplexityMeter(model).measure(batches, progress=directory.name)
        figures.append(
            {
                "model": directory.name,
                "variant": model.config.variant,
                "split": arguments.split,
                "token_perplexity": perplexity.token,
                "sentence_perplexity": perplexity.sentence,
            }
        )
        print(
            f"{directory}  {model.config.variant}  {arguments.split} perplexity "
            f"{perplexity.token:.2f} per token, {perplexity.sentence:.2f} per sentence",
            flush=True,
        )
    if arguments.json:
        write_atomically(arguments.json, json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    command.run(main)
