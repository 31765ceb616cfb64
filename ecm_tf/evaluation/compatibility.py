"""Checks that models fit a dataset, judges and searches, before anything is measured."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from ecm_tf.config import ModelConfig
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import read_manifest
from ecm_tf.data.directory import DatasetDirectory
from ecm_tf.decoding.search import Search
from ecm_tf.model.directory import ASSETS, CONFIG
from ecm_tf.text.assets import TextAssets, check_vocabularies
from ecm_tf.text.emotion_classifier import EmotionClassifier


def check_model(
    directory: Path,
    dataset: DatasetDirectory,
    judges: Mapping[str, EmotionClassifier],
    searches: Iterable[Search],
) -> None:
    """Checks a model whose likelihoods are measured on the records of a dataset.

    Args and errors are those of `check_system`; the vocabularies must be equal, too.
    """
    assets = check_system(directory, dataset, judges, searches)
    check_vocabularies(str(directory), assets, str(dataset.directory), dataset.assets)


def check_system(
    directory: Path,
    dataset: DatasetDirectory,
    judges: Mapping[str, EmotionClassifier],
    searches: Iterable[Search],
) -> TextAssets:
    """Checks a model that replies to the posts of a dataset, as text.

    Args:
        directory: model directory.
        dataset: the dataset.
        judges: emotion classifiers by name.
        searches: the searches for replies.

    Returns:
        The text assets of the model.

    Raises:
        InputError: it is not a model directory, its categories are not those of the dataset and of
            each judge, or a search does not suit it.
    """
    read_manifest(directory, "model")
    assets, config = TextAssets.load(directory / ASSETS), ModelConfig.load(directory / CONFIG)
    for name, categories in {
        str(dataset.directory): dataset.assets.emotions,
        **{name: judge.emotions for name, judge in judges.items()},
    }.items():
        if categories != assets.emotions:
            raise InputError(
                f"{directory}: expected the categories of {name}, {categories.allowed}; got "
                f"{assets.emotions.allowed}."
            )
    for search in searches:
        search.check(config.max_response_length, assets.emotions)
    return assets
