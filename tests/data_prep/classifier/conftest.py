"""A toy task: one character of each sentence determines its category; the others are noise."""

import random
from collections.abc import Iterator

import numpy as np
import pytest

from data_prep.classifier import networks, training
from data_prep.classifier.features import Features, learn_features
from data_prep.classifier.splits import category_targets
from data_prep.classifier.training import Examples, feature_ids, make_examples

MARKERS = "无喜悲厌怒乐"
"""The character of each default category, in id order."""
NOISE = "山水天地日月云雨"


@pytest.fixture(scope="session")
def toy():
    """`toy(sentences, categories, seed=0)` returns texts split by spaces and their category ids."""

    def make(sentences: int, categories: int, seed: int = 0) -> tuple[list[str], list[int]]:
        rng = random.Random(seed)
        labels = [number % categories for number in range(sentences)]
        texts = []
        for label in labels:
            characters = rng.choices(NOISE, k=rng.randint(2, 6))
            characters.insert(rng.randrange(len(characters) + 1), MARKERS[label])
            texts.append(" ".join(characters))
        return texts, labels

    return make


@pytest.fixture(scope="session")
def toy_examples(toy) -> tuple[Features, Examples, Examples, np.ndarray]:
    """Features, 240 training examples of three categories, 60 held-out examples and their ids."""
    texts, labels = toy(300, 3)
    features = learn_features(texts[:240], "whitespace", 1)
    train, rest = (
        make_examples(
            feature_ids(features, texts[part]),
            np.array(labels[part]),
            category_targets(3),
            3,
            [1.0] * len(texts[part]),
        )
        for part in (slice(240), slice(240, None))
    )
    return features, train, rest, np.array(labels[240:])


@pytest.fixture(scope="module")
def small_networks() -> Iterator[None]:
    """Shortens the average of the weights for runs of a few dozen steps, with small networks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "EMA_MOMENTUM", 0.8)
        patch.setattr(networks, "EMBEDDING_SIZE", 16)
        patch.setattr(networks, "FILTERS", 24)
        yield
