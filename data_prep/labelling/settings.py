"""Settings that decide the labels of a corpus, besides the classifier."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from data_prep.corpus.formats import Format
from ecm_tf.config import Config
from ecm_tf.core.command import option


@dataclass(frozen=True)
class LabelSettings(Config):
    """The options of `data_prep label`."""

    min_confidence: Annotated[float, Meta(ge=0, lt=1)] = option(
        0.0,
        "drop a pair if the probability of its response's predicted emotion is below this, and do "
        "not label a post whose predicted emotion is less probable",
        metavar="PROBABILITY",
    )
    label_posts: bool = option(True, "label posts as well as responses")
    format: Format | None = option(
        None, "format of all corpus files (default: detected from each file's content)"
    )
    skip_bad_records: bool = option(
        False,
        "skip bad records and list them in OUTPUT.rejected.jsonl, instead of stopping at the first",
    )
