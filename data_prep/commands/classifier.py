"""`classifier`: trains and evaluates emotion classifiers."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from data_prep.classifier.settings import ClassifierSettings, VectorSettings
from data_prep.commands.parsers import Commands, add_emotions, add_workers, given_flags
from data_prep.corpus.shards import SHARDS, find_splits
from ecm_tf.core.command import add_options, options_of
from ecm_tf.core.cpus import available_cpus
from ecm_tf.core.imports import importing_tensorflow
from ecm_tf.text import emotions

if TYPE_CHECKING:
    from data_prep.classifier.pipeline import TrainingResult

FORMATS = (
    "Formats of sentences: csv and tsv (with a header line; columns text, sentence or content, "
    "and emotion, label or labels), jsonl (one object per line with the same keys), json (one list "
    "of such objects, as in SMP2020-EWECT), xml (NLPCC 2013 and 2014). 80 % of the sentences are "
    "used for training, 10 % for early stopping (dev) and 10 % for testing; the characters of a "
    "text determine its split."
)


def add(commands: Commands) -> None:
    """Adds the command's parser."""
    parser = commands.add_parser(
        "classifier",
        help="train or evaluate an emotion classifier, or pretrain its vectors",
        description="Trains or evaluates an emotion classifier, or pretrains its vectors. "
        "`data_prep label` uses a classifier to label a corpus, and `ecm_tf.evaluate` to judge the "
        "emotion of replies.",
    )
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    _add_vectors(actions)
    _add_train(actions)
    _add_evaluate(actions)


def _add_vectors(actions: Commands) -> None:
    parser = actions.add_parser(
        "vectors",
        help="pretrain vectors on conversations without labels",
        description="Pretrains vectors of characters (English: suffixes), bigrams and words on "
        "conversations, whose labels are ignored. `classifier train --vectors` begins with them. "
        "Needs gensim, which the extra `vectors` installs.",
    )
    parser.add_argument(
        "--corpus",
        type=Path,
        nargs="+",
        action="extend",
        required=True,
        metavar="FILE",
        help=f"conversations, in any format that `build` reads: {SHARDS}",
    )
    parser.add_argument(
        "--output", type=Path, required=True, metavar="DIRECTORY", help="directory to make"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace existing vectors")
    _add_skip(parser)
    add_workers(parser, "processes that run jieba, and of gensim's threads")
    add_options(parser.add_argument_group("settings"), VectorSettings)
    parser.set_defaults(run=run_vectors)


def _add_train(actions: Commands) -> None:
    parser = actions.add_parser(
        "train",
        help="train a classifier on labelled sentences",
        description="Trains an emotion classifier on labelled sentences.",
        epilog=f"{FORMATS} Example: python -m data_prep classifier train --sentences "
        "sentences.csv --output build/classifier",
    )
    _add_sentences(parser)
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="DIRECTORY",
        help="classifier directory to make",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an existing classifier")
    parser.add_argument(
        "--vectors",
        type=Path,
        metavar="DIRECTORY",
        help="output of `classifier vectors`, which initializes the embeddings of a convolution",
    )
    add_emotions(parser)
    add_workers(parser, "processes that run jieba")
    add_options(parser.add_argument_group("settings"), ClassifierSettings)
    parser.set_defaults(run=run_train, parser=parser)


def _add_evaluate(actions: Commands) -> None:
    parser = actions.add_parser(
        "evaluate",
        help="compare classifiers on labelled sentences",
        description="Computes accuracy, macro-F1, calibration error, and the precision and recall "
        "of each category, for one or several classifiers on the same sentences.",
        epilog=FORMATS,
    )
    parser.add_argument(
        "--classifier",
        type=Path,
        nargs="+",
        action="extend",
        required=True,
        metavar="DIRECTORY",
        help="classifier directory",
    )
    _add_sentences(parser)
    parser.add_argument(
        "--split",
        choices=("train", "dev", "test", "all"),
        default="test",
        help="split to evaluate on; all: every sentence, for files not used in training "
        "(default: test)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIRECTORY",
        help="directory to write scores.json and NAME-confusion.png of each classifier to",
    )
    parser.set_defaults(run=run_evaluate)


def _add_sentences(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sentences",
        type=Path,
        nargs="+",
        action="extend",
        required=True,
        metavar="FILE",
        help="labelled sentences, or a TOML file that describes a source of them: its files, its "
        "set of categories, the mapping from its labels to categories, and a weight",
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIRECTORY",
        help="directory that the files named in TOML files are relative to (default: that of the "
        "TOML file)",
    )
    _add_skip(parser)


def _add_skip(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--skip_bad_records",
        action="store_true",
        help="skip and count bad records, instead of stopping at the first",
    )


def run_vectors(arguments: argparse.Namespace) -> None:
    """Runs `classifier vectors`."""
    settings = VectorSettings(**options_of(VectorSettings, arguments))
    corpus = find_splits({"corpus": arguments.corpus})["corpus"]

    with importing_tensorflow():
        from data_prep.classifier.vectors import train_vectors

    counts = train_vectors(
        corpus,
        settings,
        arguments.output,
        skip_bad_records=arguments.skip_bad_records,
        overwrite=arguments.overwrite,
        workers=arguments.workers or available_cpus(),
    )
    print(", ".join(f"{number:,} {name}" for name, number in counts.items()))
    print(f"vectors: {arguments.output}")


def run_train(arguments: argparse.Namespace) -> None:
    """Runs `classifier train`."""
    settings = ClassifierSettings(**options_of(ClassifierSettings, arguments))
    settings.require_used(given_flags(arguments))

    with importing_tensorflow():
        from data_prep.classifier.pipeline import train_classifier

    result = train_classifier(
        arguments.sentences,
        emotions.Emotions.load(arguments.emotions) if arguments.emotions else emotions.DEFAULT,
        settings,
        arguments.output,
        skip_bad_records=arguments.skip_bad_records,
        overwrite=arguments.overwrite,
        workers=arguments.workers or available_cpus(),
        root=arguments.data,
        vectors=arguments.vectors,
    )
    print(_summary(result))
    print(f"classifier: {arguments.output}")


def _summary(result: "TrainingResult") -> str:
    lines = ["sentences: " + ", ".join(f"{n:,} {split}" for split, n in result.sentences.items())]
    if result.left_out:
        left_out = ", ".join(f"{number:,} {emotion}" for emotion, number in result.left_out.items())
        lines.append(f"skipped, emotion is not a category: {left_out}")
    if result.bad:
        lines.append(f"bad records skipped: {result.bad:,}")
    if result.agreement.share is not None:
        lines.append(
            f"{result.agreement.texts} texts occur several times: two labels of the same text "
            f"agree with probability {result.agreement.share:.1%}"
        )
    scores = result.scores
    lines.append(
        f"test: accuracy {scores.accuracy:.4f}, macro-F1 {scores.macro_f1:.4f}, "
        f"calibration error {scores.calibration_error:.4f}, temperature {result.temperature:.3f}"
    )
    return "\n".join(lines)


def run_evaluate(arguments: argparse.Namespace) -> None:
    """Runs `classifier evaluate`."""
    with importing_tensorflow():
        from data_prep.classifier.evaluation import evaluate_classifiers, summary

    evaluation = evaluate_classifiers(
        arguments.classifier,
        arguments.sentences,
        arguments.split,
        skip_bad_records=arguments.skip_bad_records,
        root=arguments.data,
        output=arguments.output,
    )
    print(summary(evaluation))
    if arguments.output:
        print(f"\nscores.json and pictures: {arguments.output}")
