"""How a classifier is made."""

from dataclasses import dataclass

from ecm_tf.core.command import option
from ecm_tf.core.errors import InputError

NETWORKS = ("convolution", "bilstm", "naive_bayes")


@dataclass(frozen=True)
class ClassifierSettings:
    """The options of `data_prep classifier train`; a classifier's manifest records them."""

    network: str = option(
        "convolution",
        "convolution: over characters, bigrams and words; bilstm: the paper's, over words; "
        "naive_bayes: over character bigrams, a floor to compare with",
        choices=NETWORKS,
    )
    segmenter: str = option(
        "jieba",
        "jieba: raw Chinese; whitespace: words are split by spaces",
        choices=["jieba", "whitespace"],
    )
    epochs: int = option(10, "most passes over the sentences; fewer when dev gets no better")
    batch_size: int = option(64, "sentences of a step")
    learning_rate: float = option(0.001, "of Adam")
    seed: int = option(0, "of the first weights and of the order")

    def __post_init__(self) -> None:
        """Checks numbers.

        Raises:
            InputError: a number is out of its range.
        """
        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise InputError(f"--{name}: expected at least 1, got {getattr(self, name)}.")
        if not 0 <= self.seed < 2**32:
            raise InputError(f"--seed: expected 0 to {2**32 - 1}, got {self.seed}.")
        if not 0 < self.learning_rate < 1:
            raise InputError(
                f"--learning_rate: expected between 0 and 1, got {self.learning_rate}."
            )
