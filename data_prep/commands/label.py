"""`label`: a corpus without emotions gets those that a classifier tells."""

import argparse
from pathlib import Path

from data_prep.commands.parsers import Commands
from data_prep.labelling.settings import LabelSettings
from ecm_tf.core.command import add_options, options_of, suppress_native_stderr
from ecm_tf.core.manifest import MANIFEST, sha256


def add(commands: Commands) -> None:
    """Adds the command's parser."""
    parser = commands.add_parser(
        "label",
        help="label a corpus with an emotion classifier",
        description="Labels the responses and posts of a corpus with the emotion that a classifier "
        "finds most probable, and writes JSON Lines that build reads. A run that was interrupted "
        "goes on when the same command is given again.",
        epilog="The input may have any format that build reads, gzipped or not; labels that it has "
        "are not looked at. The output is not gzipped. "
        "Example: python -m data_prep label --classifier build/classifier "
        "--input dialogues.json.gz --output build/labelled.jsonl",
    )
    files = parser.add_argument_group("files")
    files.add_argument(
        "--classifier",
        type=Path,
        required=True,
        metavar="DIRECTORY",
        help="a finished classifier directory; its categories are the output's",
    )
    files.add_argument(
        "--input", type=Path, nargs="+", required=True, metavar="FILE", help="corpus"
    )
    files.add_argument(
        "--output", type=Path, required=True, metavar="FILE", help="labelled JSON Lines to write"
    )
    files.add_argument(
        "--overwrite", action="store_true", help="replace a file that --output names"
    )
    add_options(parser.add_argument_group("settings"), LabelSettings)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Runs the command."""
    settings = LabelSettings(**options_of(LabelSettings, arguments))

    with suppress_native_stderr():
        from data_prep.labelling.pipeline import label, summary
        from ecm_tf.text.emotion_classifier import EmotionClassifier

        classifier = EmotionClassifier(arguments.classifier)

    counts = label(
        classifier,
        arguments.input,
        arguments.output,
        settings,
        classifier_digest=sha256(arguments.classifier / MANIFEST),
        overwrite=arguments.overwrite,
    )
    print(summary(counts, classifier.emotions))
    print(f"labelled pairs: {arguments.output}")
