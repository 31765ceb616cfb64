"""Which of the proposed words a category keeps, and which the corpus adds."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby

import numpy as np

from data_prep.lexicon.candidates import Candidate
from data_prep.lexicon.log_odds import LogOdds
from data_prep.lexicon.settings import LexiconSettings
from ecm_tf.text.vocabulary import SPECIALS

LEARNED = "learned"
"""The source of words that no lexicon proposed."""


class Decision(StrEnum):
    """What became of a word in a category, and why."""

    KEPT = "kept"
    NO_CATEGORY = "dropped: no category"
    INTENSITY = "dropped: intensity"
    VOCABULARY = "dropped: not in vocabulary"
    GENERIC = "dropped: generic"
    AMBIGUOUS = "dropped: ambiguous"


@dataclass(frozen=True)
class Choice:
    """A word in a category.

    Attributes:
        word: as the texts have it.
        word_id: its id in the response vocabulary, if it has one.
        category: the category, if the word's class has one.
        source: which lexicons propose it, joined by `+`; or `LEARNED`.
        intensity: the highest that they give it, if any.
        decision: what became of it.
    """

    word: str
    word_id: int | None
    category: int | None
    source: str
    intensity: float | None
    decision: Decision = Decision.KEPT


def select(
    candidates: Iterable[Candidate],
    words: Sequence[str],
    statistic: LogOdds,
    settings: LexiconSettings,
    neutral: Container[int],
) -> list[Choice]:
    """Decides about every proposed word and adds learned ones.

    Args:
        candidates: what the lexicons propose, words as the texts have them.
        words: the response vocabulary.
        statistic: of those words in each category.
        settings: how to decide.
        neutral: categories for which no word is learned.

    Returns:
        The choices: by category (those without first), the surest words first, then by word.
    """
    ids = {word: id_ for id_, word in enumerate(words) if id_ >= len(SPECIALS)}
    choices = [
        _judged(choice, statistic, settings) for choice in _merged(candidates, ids, settings)
    ]
    if settings.ambiguous == "highest":
        choices = _in_one_category(choices, statistic)
    if settings.learn:
        choices += _learned(choices, words, statistic, settings, neutral)
    z = statistic.z

    def order(choice: Choice) -> tuple[int, float, str, str]:
        category = -1 if choice.category is None else choice.category
        known = choice.category is not None and choice.word_id is not None
        surest = -float(z[choice.category, choice.word_id]) if known else np.inf
        return category, surest, choice.word, choice.source

    return sorted(choices, key=order)


def memory_of(choices: Iterable[Choice], categories: int) -> list[list[str]]:
    """The words that each category keeps, in the choices' order."""
    memory: list[list[str]] = [[] for _ in range(categories)]
    for choice in choices:
        if choice.decision is Decision.KEPT and choice.category is not None:
            memory[choice.category].append(choice.word)
    return memory


def _merged(
    candidates: Iterable[Candidate], ids: dict[str, int], settings: LexiconSettings
) -> list[Choice]:
    """One choice for each word and category; it is too weak if every proposal of it is."""
    groups: dict[tuple[str, int | None], list[Candidate]] = {}
    for candidate in candidates:
        groups.setdefault((candidate.word, candidate.category), []).append(candidate)
    choices = []
    for (word, category), group in groups.items():
        known = [c.intensity for c in group if c.intensity is not None]
        strong = len(known) < len(group) or max(known) >= settings.min_intensity
        choices.append(
            Choice(
                word,
                ids.get(word),
                category,
                "+".join(dict.fromkeys(candidate.source for candidate in group)),
                max(known, default=None),
                Decision.KEPT if strong else Decision.INTENSITY,
            )
        )
    return choices


def _judged(choice: Choice, statistic: LogOdds, settings: LexiconSettings) -> Choice:
    if choice.category is None:
        return replace(choice, decision=Decision.NO_CATEGORY)
    if choice.decision is not Decision.KEPT:
        return choice
    if choice.word_id is None:
        return replace(choice, decision=Decision.VOCABULARY)
    sure = statistic.upper[choice.category, choice.word_id] < settings.min_log_odds
    return replace(choice, decision=Decision.GENERIC) if settings.filter and sure else choice


def _in_one_category(choices: list[Choice], statistic: LogOdds) -> list[Choice]:
    """Drops the words that are kept by several categories from all but one of them."""

    def rank(choice: Choice, by_intensity: bool) -> tuple[float, float, int]:
        assert choice.category is not None and choice.word_id is not None
        intensity = (choice.intensity or 0.0) if by_intensity else 0.0
        ratio = float(statistic.ratio[choice.category, choice.word_id])
        return intensity, ratio, -choice.category

    kept = sorted((c for c in choices if c.decision is Decision.KEPT), key=lambda c: c.word)
    homes = {}
    for word, group in groupby(kept, key=lambda choice: choice.word):
        rivals = list(group)
        by_intensity = all(choice.intensity is not None for choice in rivals)
        homes[word] = max(rivals, key=lambda c: rank(c, by_intensity)).category
    return [
        replace(choice, decision=Decision.AMBIGUOUS)
        if choice.decision is Decision.KEPT and choice.category != homes[choice.word]
        else choice
        for choice in choices
    ]


def _learned(
    choices: list[Choice],
    words: Sequence[str],
    statistic: LogOdds,
    settings: LexiconSettings,
    neutral: Container[int],
) -> list[Choice]:
    """The words of which the corpus is sure and which the lexicons left free."""
    z = statistic.z
    categories = range(len(z))
    lettered = [any(character.isalpha() for character in word) for word in words]
    sure = (statistic.lower >= settings.min_log_odds) & (statistic.counts >= settings.min_count)
    sure &= np.array(lettered) & (np.arange(len(words)) >= len(SPECIALS))
    sure &= np.array([[category not in neutral] for category in categories])
    for choice in choices:
        if choice.decision is Decision.KEPT:
            taken = slice(None) if settings.ambiguous == "highest" else choice.category
            sure[taken, choice.word_id] = False
    if settings.ambiguous == "highest":
        home = np.where(sure, z, -np.inf).argmax(0)
        sure &= home == np.array(categories)[:, None]
    learned = []
    for category in categories:
        ids = np.flatnonzero(sure[category]).tolist()
        ids.sort(key=lambda id_: (-z[category, id_], words[id_]))
        learned += [
            Choice(words[id_], id_, category, LEARNED, None) for id_ in ids[: settings.learn]
        ]
    return learned
