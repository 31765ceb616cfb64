"""A toy task: a marker in every sentence tells its category, everything else is noise."""

import random
from collections.abc import Iterator

import numpy as np
import pytest

from data_prep.classifier import training
from data_prep.classifier.features import Features, learn
from data_prep.classifier.training import Examples, ids_of, labelled

MARKERS = "无喜悲厌怒乐"
"""One for each default category, in id order."""
NOISE = "山水天地日月云雨"


@pytest.fixture(scope="session")
def toy():
    """`toy(sentences, categories, seed=0)`: texts split by spaces, and their ids."""

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
    """The features of three categories, 240 texts to learn from, 60 others and their ids."""
    texts, labels = toy(300, 3)
    features = learn(texts[:240], "whitespace", 1)
    train, rest = (
        labelled(ids_of(features, texts[part]), np.array(labels[part]), 3)
        for part in (slice(240), slice(240, None))
    )
    return features, train, rest, np.array(labels[240:])


@pytest.fixture(scope="module")
def short_memory() -> Iterator[None]:
    """The mean of the latest weights suits runs of some dozen steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "EMA_MOMENTUM", 0.8)
        yield
