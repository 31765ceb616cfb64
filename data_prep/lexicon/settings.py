"""What decides which words become emotion words, beside the lexicons and the corpus."""

from collections.abc import Sequence
from dataclasses import dataclass

from ecm_tf.core.command import option
from ecm_tf.core.errors import InputError
from ecm_tf.text.emotions import Emotions

_NEUTRAL = "other"


@dataclass(frozen=True)
class LexiconSettings:
    """The options of `data_prep lexicon`."""

    min_intensity: float = option(
        1.0, "leave out words of a lower intensity (DUTIR: 1, 3, 5, 7, 9)", metavar="N"
    )
    ambiguous: str = option(
        "highest",
        "a word of several categories goes to that of its highest intensity (among equal or "
        "unknown ones, of its highest log-odds ratio), or to all",
        choices=["highest", "all"],
    )
    filter: bool = option(
        True,
        "drop words from a category if the corpus is sure that its responses do not use them so "
        "much more than others: upper bound of the log-odds ratio below --min_log_odds",
    )
    learn: int = option(
        0,
        "add to each category up to N words of which the corpus is sure: lower bound of the "
        "log-odds ratio at least --min_log_odds",
        metavar="N",
    )
    min_log_odds: float = option(
        1.1, "how much more a category must use a word; 1.1: three times as often", metavar="X"
    )
    min_count: int = option(
        5, "how often a category's responses must have a learned word", metavar="N"
    )
    prior: float = option(
        0.1,
        "weight of the belief that a word is equally frequent everywhere, as a share of the corpus",
        metavar="SHARE",
    )
    neutral: Sequence[str] | None = option(
        None,
        f"categories that get no words; without names: none (default: {_NEUTRAL}, if there is one)",
        nargs="*",
        action="extend",
        type=str,
        metavar="NAME",
    )

    def __post_init__(self) -> None:
        """Checks numbers.

        Raises:
            InputError: a number is out of its range.
        """
        if not 0 < self.prior < float("inf"):
            raise InputError(f"--prior: expected a share above 0, got {self.prior}.")
        if not abs(self.min_log_odds) < float("inf"):
            raise InputError(f"--min_log_odds: expected a number, got {self.min_log_odds}.")
        if not self.min_intensity >= 0:
            raise InputError(f"--min_intensity: expected at least 0, got {self.min_intensity}.")
        for name, least in (("learn", 0), ("min_count", 1)):
            if getattr(self, name) < least:
                raise InputError(f"--{name}: expected at least {least}, got {getattr(self, name)}.")

    def neutral_ids(self, emotions: Emotions) -> frozenset[int]:
        """The categories that get no words.

        Raises:
            InputError: `neutral` names a category that does not exist.
        """
        if self.neutral is None:
            ids = emotions.ids_by_text
            return frozenset({ids[_NEUTRAL]} if _NEUTRAL in ids else ())
        try:
            return frozenset(emotions.id_of(name) for name in self.neutral)
        except InputError as error:
            raise InputError(f"--neutral: {error}") from error
