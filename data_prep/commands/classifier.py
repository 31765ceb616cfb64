"""`classifier`: what tells the emotion of a text is trained and measured."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from data_prep.classifier.settings import ClassifierSettings
from data_prep.commands.parsers import Commands, add_emotions, add_workers
from ecm_tf.core.command import add_options, options_of, suppress_native_stderr
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import write_atomically
from ecm_tf.text import emotions

if TYPE_CHECKING:
    from data_prep.classifier.pipeline import Made

FORMATS = (
    "Formats of sentences: csv and tsv (a header names the columns text and emotion, also accepted "
    "as label or labels), jsonl (an object a line with the same names), xml (NLPCC 2013 and 2014). "
    "Eight tenths are trained on, one stops the training, one is the test; a text's characters "
    "alone decide which."
)


def add(commands: Commands) -> None:
    """Adds the command's parser."""
    parser = commands.add_parser(
        "classifier",
        help="train or measure what tells the emotion of a text",
        description="Trains or measures an emotion classifier, which `data_prep label` labels a "
        "corpus with and `ecm_tf.evaluate` judges replies with.",
    )
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    _add_train(actions)
    _add_evaluate(actions)


def _add_train(actions: Commands) -> None:
    parser = actions.add_parser(
        "train",
        help="labelled sentences become a classifier directory",
        description="Trains an emotion classifier on labelled sentences.",
        epilog=f"{FORMATS} Example: python -m data_prep classifier train --sentences "
        "sentences.csv --output build/classifier",
    )
    _add_sentences(parser)
    parser.add_argument(
        "--output", type=Path, required=True, metavar="DIRECTORY", help="the classifier to make"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace a classifier that --output has already"
    )
    add_emotions(parser)
    add_workers(parser)
    add_options(parser.add_argument_group("settings"), ClassifierSettings)
    parser.set_defaults(run=run_train)


def _add_evaluate(actions: Commands) -> None:
    parser = actions.add_parser(
        "evaluate",
        help="compare classifiers on labelled sentences",
        description="Accuracy, macro-F1, calibration, and precision and recall of each category, "
        "for one or several classifiers on the same sentences.",
        epilog=FORMATS,
    )
    parser.add_argument(
        "--classifier",
        type=Path,
        nargs="+",
        required=True,
        metavar="DIRECTORY",
        help="made by `classifier train`",
    )
    _add_sentences(parser)
    parser.add_argument(
        "--part",
        choices=("train", "dev", "test", "all"),
        default="test",
        help="which of the sentences; all for files that were not trained on (default: test)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIRECTORY",
        help="also write scores.json and NAME-confusion.png of each classifier there",
    )
    parser.set_defaults(run=run_evaluate)


def _add_sentences(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sentences",
        type=Path,
        nargs="+",
        required=True,
        metavar="FILE",
        help="labelled sentences",
    )
    parser.add_argument(
        "--skip_bad_records", action="store_true", help="leave bad records out and count them"
    )


def run_train(arguments: argparse.Namespace) -> None:
    """Runs `classifier train`."""
    settings = ClassifierSettings(**options_of(ClassifierSettings, arguments))

    with suppress_native_stderr():
        from data_prep.classifier.pipeline import make_classifier

    made = make_classifier(
        arguments.sentences,
        emotions.Emotions.load(arguments.emotions) if arguments.emotions else emotions.DEFAULT,
        settings,
        arguments.output,
        skip_bad_records=arguments.skip_bad_records,
        overwrite=arguments.overwrite,
        workers=arguments.workers,
    )
    print(_summary(made))
    print(f"classifier: {arguments.output}")


def _summary(made: "Made") -> str:
    lines = ["sentences: " + ", ".join(f"{n:,} {part}" for part, n in made.sentences.items())]
    if made.left_out:
        left_out = ", ".join(f"{number:,} {emotion}" for emotion, number in made.left_out.items())
        lines.append(f"left out, as no category: {left_out}")
    if made.bad:
        lines.append(f"bad records left out: {made.bad:,}")
    if made.agreement.share is not None:
        lines.append(
            f"{made.agreement.texts} texts stand several times: two labels of the same text agree "
            f"in {made.agreement.share:.1%}"
        )
    scores = made.scores
    lines.append(
        f"test: accuracy {scores.accuracy:.4f}, macro-F1 {scores.macro_f1:.4f}, "
        f"calibration error {scores.calibration_error:.4f}"
    )
    return "\n".join(lines)


def run_evaluate(arguments: argparse.Namespace) -> None:
    """Runs `classifier evaluate`."""
    names = [directory.resolve().name for directory in arguments.classifier]
    if len(set(names)) < len(names):
        raise InputError(f"--classifier: expected directories of different names, got {names}.")

    if arguments.output and arguments.output.exists() and not arguments.output.is_dir():
        raise InputError(f"{arguments.output}: expected a directory, got a file.")

    with suppress_native_stderr():
        from data_prep.classifier.pipeline import measure
        from data_prep.classifier.scores import category_table, confusion_picture, table
        from data_prep.classifier.splits import Sentences
        from ecm_tf.text.emotion_classifier import EmotionClassifier

    classifiers = [EmotionClassifier(directory) for directory in arguments.classifier]
    categories = classifiers[0].emotions
    for directory, classifier in zip(arguments.classifier, classifiers, strict=True):
        if classifier.emotions != categories:
            raise InputError(
                f"{directory}: expected the categories of {arguments.classifier[0]}, "
                f"{categories.allowed}; got {classifier.emotions.allowed}."
            )
    sentences = Sentences.read(
        arguments.sentences, categories, skip_bad_records=arguments.skip_bad_records
    )
    part = sentences.part(arguments.part)
    scores = {
        name: measure(classifier, part) for name, classifier in zip(names, classifiers, strict=True)
    }
    print(f"{len(part.texts):,} sentences of {arguments.part}\n\n{table(scores)}")
    for name, figures in scores.items():
        print(f"\n{name}\n\n{category_table(figures, categories.names)}")
    if arguments.output:
        arguments.output.mkdir(parents=True, exist_ok=True)
        text = json.dumps({name: asdict(s) for name, s in scores.items()}, indent=2)
        write_atomically(arguments.output / "scores.json", text + "\n")
        for name, figures in scores.items():
            picture = confusion_picture(figures, categories, f"{name}-confusion.png")
            (arguments.output / picture.name).write_bytes(picture.png)
        print(f"\nscores.json and pictures: {arguments.output}")
