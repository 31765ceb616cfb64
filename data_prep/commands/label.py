"""`label`: labels a corpus with the emotions that a classifier predicts."""

import argparse
from functools import partial
from pathlib import Path

from data_prep.commands.parsers import Commands, add_ray_address
from data_prep.corpus.shards import SHARDS, find_splits
from data_prep.execution.executor import executor
from data_prep.labelling.settings import LabelSettings
from ecm_tf.core.command import add_options, options_of
from ecm_tf.core.imports import importing_tensorflow
from ecm_tf.core.manifest import MANIFEST, sha256


def add(commands: Commands) -> None:
    """Adds the command's parser."""
    parser = commands.add_parser(
        "label",
        help="label a corpus with an emotion classifier",
        description="Labels the responses and posts of a corpus with the most probable emotion "
        "according to a classifier, and writes JSON Lines for `data_prep build`. Repeat the same "
        "command to resume an interrupted run.",
        epilog="The input may have any format that `build` reads, gzipped or not; existing labels "
        "are ignored. The output is not gzipped. "
        "Example: python -m data_prep label --classifier build/classifier "
        "--input dialogues.json.gz --output build/labelled.jsonl",
    )
    files = parser.add_argument_group("files")
    files.add_argument(
        "--classifier",
        type=Path,
        required=True,
        metavar="DIRECTORY",
        help="classifier directory; the output has its categories",
    )
    files.add_argument(
        "--input",
        type=Path,
        nargs="+",
        action="extend",
        required=True,
        metavar="FILE",
        help=f"corpus to label: {SHARDS}",
    )
    files.add_argument(
        "--output", type=Path, required=True, metavar="FILE", help="labelled JSON Lines to write"
    )
    files.add_argument("--overwrite", action="store_true", help="replace an existing output")
    add_options(parser.add_argument_group("settings"), LabelSettings)
    add_ray_address(parser, "source files")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Runs the command."""
    settings = LabelSettings(**options_of(LabelSettings, arguments))

    sources = find_splits({"input": arguments.input})["input"]

    with importing_tensorflow():
        from data_prep.labelling.pipeline import label_corpus, summary
        from ecm_tf.text.emotion_classifier import EmotionClassifier

        classifier = EmotionClassifier(arguments.classifier)

    in_parallel = arguments.ray_address is not None
    with executor(arguments.ray_address) as chosen:
        counts = label_corpus(
            partial(EmotionClassifier, arguments.classifier) if in_parallel else lambda: classifier,
            classifier.emotions,
            sources,
            arguments.output,
            settings,
            classifier_digest=sha256(arguments.classifier / MANIFEST),
            overwrite=arguments.overwrite,
            executor=chosen if in_parallel else None,
        )
    print(summary(counts, classifier.emotions))
    print(f"labelled pairs: {arguments.output}")
