"""Settings that decide which words become emotion words, besides lexicons and corpus."""

from dataclasses import dataclass
from typing import Literal

from ecm_tf.config import Config
from ecm_tf.core.command import option
from ecm_tf.core.errors import InputError
from ecm_tf.core.fields import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
from ecm_tf.text.emotions import Emotions

_NEUTRAL = "other"


@dataclass(frozen=True)
class LexiconSettings(Config):
    """The options of `data_prep lexicon`."""

    min_intensity: NonNegativeFloat = option(
        1.0, "minimum intensity of a word (DUTIR: 1, 3, 5, 7, 9)", metavar="N"
    )
    ambiguous: Literal["highest", "all"] = option(
        "highest",
        "highest: a word of several categories belongs to the one where its intensity is highest, "
        "or, if intensities are equal or unknown, its log-odds ratio; all: it belongs to each",
    )
    filter: bool = option(
        True,
        "remove a word from a category if the upper confidence bound of its log-odds ratio there "
        "is below --min_log_odds",
    )
    learn: NonNegativeInt = option(
        0,
        "add to each category up to N words whose lower confidence bound of the log-odds ratio is "
        "at least --min_log_odds",
        metavar="N",
    )
    min_log_odds: float = option(
        1.1,
        "threshold of the log-odds ratio between a category and the others; 1.1 means three times "
        "the odds",
        metavar="X",
    )
    min_count: PositiveInt = option(
        5,
        "minimum number of occurrences of a learned word in a category's responses",
        metavar="N",
    )
    prior: PositiveFloat = option(
        0.1,
        "weight of the prior that a word is equally frequent in all categories, as a fraction of "
        "the corpus",
        metavar="FRACTION",
    )
    neutral: tuple[str, ...] | None = option(
        None,
        f"categories without emotion words; the flag without a name selects words for every "
        f"category (default: {_NEUTRAL}, if it exists)",
        nargs="*",
        action="extend",
        type=str,
        metavar="NAME",
    )

    def neutral_ids(self, emotions: Emotions) -> frozenset[int]:
        """Returns the ids of the categories that get no words.

        Raises:
            InputError: `neutral` names an unknown category.
        """
        if self.neutral is None:
            ids = emotions.ids_by_text
            return frozenset({ids[_NEUTRAL]} if _NEUTRAL in ids else ())
        try:
            return frozenset(emotions.id_of(name) for name in self.neutral)
        except InputError as error:
            raise InputError(f"--neutral: {error}") from error
