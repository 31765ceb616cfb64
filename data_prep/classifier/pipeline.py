"""The `classifier` command: trains a classifier on labelled sentences, or evaluates one."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from data_prep.classifier.calibration import fit_temperature, predict_logits
from data_prep.classifier.features import learn_features
from data_prep.classifier.saving import TextClassifier, save_classifier
from data_prep.classifier.scores import Scores, compute_scores
from data_prep.classifier.settings import ClassifierSettings
from data_prep.classifier.sources import SUFFIX, find_sources
from data_prep.classifier.splits import (
    Group,
    LabelAgreement,
    LabelledSentences,
    Split,
    label_agreement,
)
from data_prep.classifier.training import feature_ids, make_examples, train_network
from data_prep.classifier.vectors import VECTORS, load_vectors
from data_prep.corpus.digests import source_digests
from ecm_tf.core.errors import InputError
from ecm_tf.core.output import check_output, finished_directory
from ecm_tf.text.emotion_classifier import EmotionClassifier
from ecm_tf.text.emotions import Emotions


@dataclass(frozen=True)
class TrainingResult:
    """Numbers of sentences and the scores; the manifest records them under the same names.

    Attributes:
        sentences: number of sentences per split.
        left_out: number of sentences whose emotion is not one of the categories, by emotion.
        bad: number of bad records skipped.
        agreement: agreement of the labels of repeated texts.
        temperature: divisor of the logits that calibrates the probabilities on the dev split.
        scores: scores on the test split, without the sentences of sources that lack categories.
    """

    sentences: dict[str, int]
    left_out: dict[str, int]
    bad: int
    agreement: LabelAgreement
    temperature: float
    scores: Scores


def train_classifier(
    sources: Sequence[Path],
    emotions: Emotions,
    settings: ClassifierSettings,
    output: Path,
    *,
    skip_bad_records: bool = False,
    overwrite: bool = False,
    workers: int = 2,
    root: Path | None = None,
    vectors: Path | None = None,
) -> TrainingResult:
    """Trains, evaluates and saves a classifier.

    Args:
        sources: files of labelled sentences, or TOML files that describe a source each (see
            `data_prep.classifier.sources`). At least one source must know all categories.
        emotions: the categories.
        settings: the training settings.
        output: the directory to make; it appears only when it is complete.
        skip_bad_records: whether to skip bad records instead of stopping at the first.
        overwrite: whether to replace a finished classifier in `output`.
        workers: number of segmentation processes.
        root: directory that the files named in TOML files are relative to; by default that of the
            TOML file.
        vectors: directory of pretrained vectors, with whose tokenizer and embeddings a convolution
            begins (see `data_prep.classifier.vectors`).

    Raises:
        InputError: a source, the vectors, a setting or the output is invalid; `output` is
            unchanged.
    """
    check_output(output, "classifier", overwrite=overwrite)
    if workers < 1:
        raise InputError(f"--workers: expected at least 1, got {workers}.")
    if vectors and settings.network not in ("convolution", "deep", "transformer"):
        raise InputError(
            f"--vectors: expected --network convolution, got {settings.network}, which has no "
            "embeddings of characters, bigrams and words."
        )
    pretrained = load_vectors(vectors) if vectors else None
    if pretrained and pretrained.segmenter != settings.segmenter:
        raise InputError(
            f"{vectors}: expected vectors for --segmenter {settings.segmenter}, got "
            f"{pretrained.segmenter}."
        )
    found = find_sources(sources, emotions, root)
    descriptions = [path for path in sources if path.suffix == SUFFIX]
    files = [path for source in found for path in source.files]
    digests = source_digests(
        [*descriptions, *files, *([vectors / VECTORS] if vectors else [])], output
    )
    sentences = LabelledSentences.read(found, emotions, skip_bad_records=skip_bad_records)
    splits = {name: sentences.split(name) for name in sentences.splits}
    # Of these the category is known: those of sources that know all categories.
    complete = {name: _complete(sentences, name, len(emotions)) for name in ("dev", "test", "all")}
    # Before the tokenizer is created, because setting the seed invalidates existing tokenizers.
    keras.utils.set_random_seed(settings.seed)
    limits = (None, settings.max_bigrams, settings.max_words)
    features = learn_features(
        splits["train"].texts, settings.segmenter, workers, pretrained, limits
    )
    if pretrained:
        pretrained = pretrained.restricted(features.vocabularies)
    train, dev = (
        make_examples(
            feature_ids(features, split.texts),
            split.labels,
            sentences.targets,
            len(emotions),
            split.weights,
            balance,
        )
        for split, balance in ((splits["train"], settings.balance), (splits["dev"], 0.0))
    )
    network = train_network(features.sizes, train, dev, settings, pretrained)
    is_complete = splits["dev"].labels < len(emotions)
    temperature = fit_temperature(predict_logits(network, dev)[is_complete], complete["dev"].labels)
    classifier = TextClassifier(features, network, temperature)
    with finished_directory(output, "classifier", overwrite=overwrite) as directory:
        result = TrainingResult(
            sentences={name: len(split.texts) for name, split in splits.items()},
            left_out=dict(sentences.unmapped),
            bad=sentences.skipped,
            agreement=label_agreement(complete["all"].texts, complete["all"].emotions),
            temperature=temperature,
            scores=_scores(classifier, complete["test"]),
        )
        save_classifier(directory, classifier, emotions, settings, asdict(result), digests)
    return result


def _complete(sentences: LabelledSentences, name: str, categories: int) -> Split:
    split = sentences.split(name).below(categories)
    if not split.texts:
        raise InputError(
            f"--sentences: expected sentences for the split {name} of a source that knows all "
            "categories, got none."
        )
    return split


def _scores(classifier: TextClassifier, split: Split) -> Scores:
    batches = (tf.constant(split.texts[i : i + 256]) for i in range(0, len(split.texts), 256))
    probabilities = [classifier(batch)["probabilities"].numpy() for batch in batches]
    return compute_scores(split.labels, np.concatenate(probabilities))


def evaluate_classifier(
    classifier: EmotionClassifier, split: Split, groups: Sequence[Group]
) -> Scores:
    """Returns the scores of a finished classifier on a split.

    The probability of a group is that of its categories, given that it is one of the groups.

    Args:
        classifier: the classifier.
        split: the sentences.
        groups: what their labels stand for, from `LabelledSentences.groups`.
    """
    probabilities = classifier.probabilities(split.texts)
    grouped = np.stack([probabilities[:, group.ids].sum(axis=1) for group in groups], axis=1)
    # A confident classifier may give all of them the probability 0.
    grouped = np.maximum(grouped, np.finfo(np.float32).tiny)
    labels = np.empty(len(split.texts), np.int32)
    for label, group in enumerate(groups):
        labels[np.isin(split.labels, group.targets)] = label
    return compute_scores(labels, grouped / grouped.sum(axis=1, keepdims=True))
