"""Compares ways to predict the emotion of a response from its post, on one split.

python -m experiments.predicted_emotion --train_dir MODEL --dataset DATASET [--classifier DIR]
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ecm_tf.core.arguments import Parser
from ecm_tf.core.command import run
from ecm_tf.core.errors import InputError
from ecm_tf.data.batches import evaluation_batches
from ecm_tf.data.directory import DatasetDirectory
from ecm_tf.data.records import UNKNOWN_EMOTION
from ecm_tf.evaluation.compatibility import check_model
from ecm_tf.model.directory import load_model
from ecm_tf.model.emotion_prediction import EmotionMeter, EmotionPredictions
from ecm_tf.report.tables import markdown_table
from ecm_tf.text.emotion_classifier import EmotionClassifier

BATCH_SIZE = 128


def main(argv: list[str] | None = None) -> None:
    """Runs the command; see the module."""
    parser = Parser(prog="python -m experiments.predicted_emotion", description=__doc__)
    parser.add_argument("--train_dir", type=Path, required=True, help="model directory")
    parser.add_argument("--dataset", type=Path, required=True, help="dataset directory")
    parser.add_argument("--split", default="test", choices=["train", "dev", "test"])
    parser.add_argument(
        "--classifier",
        type=Path,
        help="classifier directory: predicts the emotions of posts that have none in the records",
    )
    arguments = parser.parse_args(argv)
    model, assets = load_model(arguments.train_dir)
    if not model.config.predict_emotion:
        raise InputError(f"{arguments.train_dir}: expected a model with --predict_emotion.")
    dataset = DatasetDirectory(arguments.dataset)
    classifier = arguments.classifier and EmotionClassifier(arguments.classifier)
    judges = {str(arguments.classifier): classifier} if classifier else {}
    check_model(arguments.train_dir, dataset, judges, [])
    train = _emotions(dataset, "train", classifier)
    given = _emotions(dataset, arguments.split, classifier)
    categories = len(assets.emotions)
    predictions = {"majority class": _matrix(train * [[0], [1]], given * [[0], [1]], categories)}
    if UNKNOWN_EMOTION not in train[0] and UNKNOWN_EMOTION not in given[0]:
        predictions["interaction matrix"] = _matrix(train, given, categories)
    batches = evaluation_batches(arguments.dataset, arguments.split, model.config, BATCH_SIZE)
    predictions["predictor"] = EmotionMeter(model).measure(batches)
    rows = [
        [name, f"{each.accuracy:.3f}", f"{each.log_likelihood:.3f}", len(each.emotions)]
        for name, each in predictions.items()
    ]
    print(markdown_table(["prediction", "accuracy", "mean log-likelihood", "pairs"], rows))
    if "interaction matrix" not in predictions:
        print("No interaction matrix: some posts have no emotion; --classifier predicts it.")


def _emotions(
    dataset: DatasetDirectory, split: str, classifier: EmotionClassifier | None
) -> np.ndarray:
    """Returns the emotions of posts and responses, int32 `(2, pairs)`."""
    columns = list(_columns(dataset, split, classifier))
    if not columns:
        raise InputError(f"{dataset.directory}: expected pairs of the split {split!r}, got none.")
    return np.concatenate(columns, axis=1)


def _columns(
    dataset: DatasetDirectory, split: str, classifier: EmotionClassifier | None
) -> Iterator[np.ndarray]:
    for batch in dataset.batches(split, with_texts=classifier is not None):
        post_emotion = batch["post_emotion"].numpy()
        unknown = np.flatnonzero(post_emotion == UNKNOWN_EMOTION)
        if classifier and len(unknown):
            texts = [text.decode() for text in batch["post_text"].numpy()[unknown]]
            post_emotion[unknown] = classifier.probabilities(texts).argmax(axis=1)
        yield np.stack([post_emotion, batch["emotion"].numpy()])


def _matrix(train: np.ndarray, given: np.ndarray, categories: int) -> EmotionPredictions:
    """Returns P(emotion of the response | emotion of the post), counted on the training pairs.

    Each count starts at one, so that no probability is 0. With the same emotion for every post, it
    is the frequency of each class.

    Args:
        train, given: emotions of posts and responses, `(2, pairs)`.
        categories: number of emotion categories.
    """
    counts = np.ones([categories, categories])
    np.add.at(counts, (train[0], train[1]), 1)
    log_probs = np.log(counts / counts.sum(axis=1, keepdims=True))
    return EmotionPredictions(log_probs[given[0]], given[1])


if __name__ == "__main__":
    run(main)
