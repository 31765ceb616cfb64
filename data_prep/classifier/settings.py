"""Settings of classifier training."""

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from ecm_tf.config import Config
from ecm_tf.core.command import option
from ecm_tf.core.fields import PositiveInt, Seed
from ecm_tf.text.segmenters import DESCRIPTION, Segmenter


@dataclass(frozen=True)
class ClassifierSettings(Config):
    """The options of `data_prep classifier train`; a classifier's manifest records them."""

    network: Literal["convolution", "deep", "transformer", "bilstm", "naive_bayes"] = option(
        "convolution",
        "convolution: a CNN over characters, character bigrams and words; bilstm: the paper's "
        "bidirectional LSTM over words; naive_bayes: a baseline over character bigrams",
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
    label_smoothing: Annotated[float, Meta(ge=0, lt=1)] = option(0.1, "label smoothing")
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


@dataclass(frozen=True)
class VectorSettings(Config):
    """The options of `data_prep classifier vectors`; the manifest of the vectors records them."""

    segmenter: Segmenter = option("jieba", DESCRIPTION)
    epochs: PositiveInt = option(5, "passes over the texts")
    seed: Seed = option(0, "random seed of the vectors; with several threads they still differ")
