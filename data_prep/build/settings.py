"""What decides the content of a dataset, beside its sources."""

from dataclasses import dataclass

from data_prep.corpus.formats import FORMATS
from ecm_tf.core.command import option
from ecm_tf.core.errors import InputError
from ecm_tf.text.vocabulary import SPECIALS


@dataclass(frozen=True)
class BuildSettings:
    """The options of `data_prep build`; a dataset's manifest records them."""

    segmenter: str = option(
        "jieba",
        "jieba: raw Chinese (pre-split Chinese gives the same tokens); whitespace: text comes "
        "split by spaces",
        choices=["jieba", "whitespace"],
    )
    post_vocabulary_size: int = option(
        40_000, "words of posts, four specials included", metavar="N"
    )
    response_vocabulary_size: int = option(40_000, "words of responses, likewise", metavar="N")
    normalize_digits: bool = option(True, "write every digit as 0, as the original does")
    dev_fraction: float = option(
        0.05, "share of the training posts that goes to dev without --dev", metavar="SHARE"
    )
    test_fraction: float = option(0.05, "share that goes to test without --test", metavar="SHARE")
    format: str | None = option(
        None, "format of all corpus files; else each file's content tells", choices=FORMATS
    )
    default_emotion: str | None = option(
        None, "emotion of responses that have no label", metavar="NAME"
    )
    skip_bad_records: bool = option(
        False, "leave bad records out and list them in rejected.jsonl, instead of stopping"
    )
    pairs_per_shard: int = option(100_000, "pairs in each TFRecord file", metavar="N")

    def __post_init__(self) -> None:
        """Checks numbers.

        Raises:
            InputError: a number is out of its range.
        """
        if min(self.dev_fraction, self.test_fraction) < 0 or (
            self.dev_fraction + self.test_fraction >= 1
        ):
            raise InputError(
                "--dev_fraction, --test_fraction: expected shares from 0 with a sum below 1, got "
                f"{self.dev_fraction} and {self.test_fraction}."
            )
        for size in (self.post_vocabulary_size, self.response_vocabulary_size):
            if size <= len(SPECIALS):
                raise InputError(
                    f"vocabulary size: expected more than {len(SPECIALS)}, got {size}."
                )
        if self.pairs_per_shard < 1:
            raise InputError(f"--pairs_per_shard: expected at least 1, got {self.pairs_per_shard}.")
