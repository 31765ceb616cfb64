"""Settings of classifier training."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from ecm_tf.config import Config
from ecm_tf.core.command import option
from ecm_tf.core.errors import InputError
from ecm_tf.core.fields import PositiveInt, Seed
from ecm_tf.text.segmenters import DESCRIPTION, Segmenter

_OF_TRAINING_STEPS = ("epochs", "batch_size", "learning_rate", "seed")
"""Settings of networks that are trained by gradient descent, which naive Bayes is not."""


@dataclass(frozen=True)
class ClassifierSettings(Config):
    """The options of `data_prep classifier train`; a classifier's manifest records them."""

    network: Literal["convolution", "bilstm", "naive_bayes"] = option(
        "convolution",
        "convolution: a CNN over characters (English: suffixes), bigrams and words; bilstm: the "
        "paper's bidirectional LSTM over words; naive_bayes: a baseline over bigrams, which are "
        "of characters (English: of words)",
    )
    segmenter: Segmenter = option("jieba", DESCRIPTION)
    epochs: PositiveInt = option(
        10, "maximum passes over the training sentences; training stops early on dev"
    )
    batch_size: PositiveInt = option(64, "sentences per step")
    learning_rate: Annotated[float, Meta(gt=0, lt=1)] = option(0.001, "learning rate of Adam")
    balance: Annotated[float, Meta(ge=0, le=1)] = option(
        0.0,
        "divide the loss of a sentence by the frequency of its category to this power (0: off, 1: "
        "all categories count the same), which finds more sentences of rare categories",
    )
    max_bigrams: PositiveInt | None = option(
        None, "maximum number of bigrams, the most frequent ones (default: all that occur 3 times)"
    )
    max_words: PositiveInt | None = option(
        None,
        "maximum number of words, the most frequent ones, of the vocabulary and of the tokenizer, "
        "which also has every character (default: all that occur 3 times)",
    )
    weights: Literal["float32", "float16", "int8"] = option(
        "float32",
        "dtype of the stored embeddings, which are most of a classifier's size; int8 has a scale "
        "for each bigram or word; computation is always in float32",
    )
    seed: Seed = option(0, "random seed for initial weights and the order of sentences")

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require(
            self.weights == "float32" or self.network != "naive_bayes",
            "weights",
            "float32 for naive_bayes, which has no embeddings",
        )

    def require_used(self, given: Collection[str]) -> None:
        """Checks that the network uses every given setting, so that none is silently ignored.

        Args:
            given: names of the given settings.

        Raises:
            InputError: the network does not use one of them.
        """
        if self.network == "naive_bayes":
            for name in _OF_TRAINING_STEPS:
                if name in given:
                    raise InputError(
                        f"--{name}: expected --network convolution or bilstm; naive_bayes counts "
                        "bigrams and does not use it."
                    )


@dataclass(frozen=True)
class VectorSettings(Config):
    """The options of `data_prep classifier vectors`; the manifest of the vectors records them."""

    segmenter: Segmenter = option("jieba", DESCRIPTION)
    epochs: PositiveInt = option(5, "passes over the texts")
    seed: Seed = option(0, "random seed of the vectors; with several threads they still differ")
