"""Settings that decide the content of a merged corpus, besides its sources."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from ecm_tf.config import Config
from ecm_tf.core.command import option
from ecm_tf.core.fields import PositiveInt, Seed


@dataclass(frozen=True)
class MergeSettings(Config):
    """The options of `data_prep merge`; a corpus's manifest records them."""

    min_characters: PositiveInt = option(
        1, "drop pairs with a shorter post or response", metavar="N"
    )
    max_characters: PositiveInt = option(
        200, "drop pairs with a longer post or response", metavar="N"
    )
    max_same_response: PositiveInt = option(
        100, "maximum number of training pairs with the same response", metavar="N"
    )
    similarity: Annotated[float, Meta(gt=0, le=1)] = option(
        0.8,
        "two texts are near-duplicates if their sets of character n-grams have at least this "
        "Jaccard similarity",
        metavar="FRACTION",
    )
    ngram: PositiveInt = option(2, "length of the n-grams, in characters", metavar="N")
    near_duplicate_pairs: bool = option(
        True,
        "drop training pairs whose post and response are near-duplicates of those of an earlier "
        "pair; without it, only equal pairs, in much less memory",
    )
    seed: Seed = option(
        0, "random seed of the MinHash functions and of the sampling by weight", metavar="N"
    )
    skip_bad_records: bool = option(
        False, "skip bad records and list them in rejected.jsonl, instead of stopping at the first"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require(
            self.min_characters <= self.max_characters,
            "max_characters",
            f"at least min_characters ({self.min_characters})",
        )
