"""What decides the labels that a corpus gets, beside the classifier."""

from dataclasses import dataclass

from data_prep.corpus.formats import FORMATS
from ecm_tf.core.command import option
from ecm_tf.core.errors import InputError


@dataclass(frozen=True)
class LabelSettings:
    """The options of `data_prep label`."""

    min_confidence: float = option(
        0.0,
        "leave out pairs whose response has no emotion this probable; a post without one gets no "
        "label",
        metavar="SHARE",
    )
    label_posts: bool = option(True, "label the posts too, not only the responses")
    format: str | None = option(
        None, "format of all corpus files; else each file's content tells", choices=FORMATS
    )
    skip_bad_records: bool = option(
        False, "leave bad records out and list them in OUTPUT.rejected.jsonl, instead of stopping"
    )

    def __post_init__(self) -> None:
        """Checks the share.

        Raises:
            InputError: it is out of its range.
        """
        if not 0 <= self.min_confidence < 1:
            raise InputError(
                f"--min_confidence: expected a share from 0 to below 1, got {self.min_confidence}."
            )
