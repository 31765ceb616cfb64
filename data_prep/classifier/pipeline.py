"""The `classifier train` command: labelled sentences in, a classifier directory out."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from data_prep.classifier.features import learn
from data_prep.classifier.saving import TextClassifier, save_classifier
from data_prep.classifier.scores import Scores, score
from data_prep.classifier.settings import ClassifierSettings
from data_prep.classifier.splits import Agreement, Part, Sentences, agreement
from data_prep.classifier.training import fit, ids_of, labelled
from data_prep.corpus.files import source_digests
from ecm_tf.core.errors import InputError
from ecm_tf.core.output import check_output, finished_directory
from ecm_tf.text.emotion_classifier import EmotionClassifier
from ecm_tf.text.emotions import Emotions


@dataclass(frozen=True)
class Made:
    """What came out.

    Attributes:
        sentences: how many each part has.
        left_out: sentences whose emotion is no category, by emotion.
        bad: records left out.
        agreement: how far the labels agree with one another.
        scores: on the test part.
    """

    sentences: dict[str, int]
    left_out: dict[str, int]
    bad: int
    agreement: Agreement
    scores: Scores


def make_classifier(
    sources: Sequence[Path],
    emotions: Emotions,
    settings: ClassifierSettings,
    output: Path,
    *,
    skip_bad_records: bool = False,
    overwrite: bool = False,
    workers: int = 2,
) -> Made:
    """Trains, measures and saves a classifier.

    Args:
        sources: files of labelled sentences.
        emotions: the categories.
        settings: how.
        output: the directory to make; it appears when everything is done.
        skip_bad_records: whether bad records are left out, instead of stopping.
        overwrite: whether a finished classifier in `output` may be replaced.
        workers: processes that segment.

    Raises:
        InputError: a source, a setting or the output is at fault; `output` is as it was.
    """
    check_output(output, "classifier", overwrite=overwrite)
    if workers < 1:
        raise InputError(f"--workers: expected at least 1, got {workers}.")
    digests = source_digests(sources, output)
    sentences = Sentences.read(sources, emotions, skip_bad_records=skip_bad_records)
    parts = {name: sentences.part(name) for name in sentences.parts}
    everything = sentences.part("all")
    # Before the tokenizer is made: setting TensorFlow's seed drops the tokenizers that exist.
    keras.utils.set_random_seed(settings.seed)
    features = learn(parts["train"].texts, settings.segmenter, workers)
    train, dev = (
        labelled(ids_of(features, part.texts), part.labels, len(emotions))
        for part in (parts["train"], parts["dev"])
    )
    network = fit(features.sizes, train, dev, settings)
    classifier = TextClassifier(features, network)
    with finished_directory(output) as directory:
        made = Made(
            sentences={name: len(part.texts) for name, part in parts.items()},
            left_out=dict(sentences.left_out),
            bad=sentences.bad,
            agreement=agreement(everything.texts, everything.emotions),
            scores=_test(classifier, parts["test"]),
        )
        save_classifier(directory, classifier, emotions, settings, asdict(made), digests)
    return made


def _test(classifier: TextClassifier, part: Part) -> Scores:
    batches = (tf.constant(part.texts[i : i + 256]) for i in range(0, len(part.texts), 256))
    probabilities = [classifier(batch)["probabilities"].numpy() for batch in batches]
    return score(part.labels, np.concatenate(probabilities))


def measure(classifier: EmotionClassifier, part: Part) -> Scores:
    """The scores of a finished classifier."""
    return score(part.labels, classifier.probabilities(part.texts))
