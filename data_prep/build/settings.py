"""Settings that decide the content of a dataset, besides its sources."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from data_prep.corpus.formats import Format
from ecm_tf.config import Config
from ecm_tf.core.command import option
from ecm_tf.core.fields import PositiveInt
from ecm_tf.text.characters import Normalization
from ecm_tf.text.segmenters import DESCRIPTION, Segmenter
from ecm_tf.text.vocabulary import SPECIALS

_VocabularySize = Annotated[
    int,
    Meta(
        gt=len(SPECIALS),
        description=f"an integer above {len(SPECIALS)}, the number of special tokens",
    ),
]
_Fraction = Annotated[float, Meta(ge=0, lt=1)]


@dataclass(frozen=True)
class BuildSettings(Config):
    """The options of `data_prep build`; a dataset's manifest records them."""

    segmenter: Segmenter = option("jieba", DESCRIPTION)
    post_vocabulary_size: _VocabularySize = option(
        40_000, "size of the post vocabulary, including the four special tokens", metavar="N"
    )
    response_vocabulary_size: _VocabularySize = option(
        40_000, "size of the response vocabulary, including the four special tokens", metavar="N"
    )
    normalize_digits: bool = option(True, "replace every digit by 0, as the original program does")
    normalization: Normalization = option(
        "width",
        "width: full-width letters and digits become ASCII; nfkc: the whole text becomes Unicode "
        "NFKC, Chinese punctuation included; none: neither",
    )
    dev_fraction: _Fraction = option(
        0.05,
        "without --dev: fraction of the training posts that become dev",
        metavar="FRACTION",
    )
    test_fraction: _Fraction = option(
        0.05,
        "without --test: fraction of the training posts that become test",
        metavar="FRACTION",
    )
    format: Format | None = option(
        None, "format of all corpus files (default: detected from each file's content)"
    )
    default_emotion: str | None = option(
        None, "emotion of responses that have no label", metavar="NAME"
    )
    skip_bad_records: bool = option(
        False, "skip bad records and list them in rejected.jsonl, instead of stopping at the first"
    )
    pairs_per_shard: PositiveInt = option(100_000, "pairs per TFRecord file", metavar="N")

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require(
            self.dev_fraction + self.test_fraction < 1,
            "test_fraction",
            f"a number whose sum with dev_fraction ({self.dev_fraction}) is below 1",
        )
