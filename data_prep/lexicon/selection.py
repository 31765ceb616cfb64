"""Selection of the emotion words among candidates, and learning of further ones."""

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
"""The source of words that come from the corpus and not from a lexicon."""


class Decision(StrEnum):
    """Whether a word is kept in a category, and if not, why."""

    KEPT = "kept"
    NO_CATEGORY = "dropped: no category"
    INTENSITY = "dropped: intensity"
    VOCABULARY = "dropped: not in vocabulary"
    GENERIC = "dropped: generic"
    AMBIGUOUS = "dropped: ambiguous"


@dataclass(frozen=True)
class Choice:
    """A word in a category with the decision about it.

    Attributes:
        word: the normalized word.
        word_id: its id in the response vocabulary; `None` if it is not in the vocabulary.
        category: the category id; `None` if the word's class is mapped to no category.
        source: the lexicons that contain it, joined by `+`; or `LEARNED`.
        intensity: the highest intensity in these lexicons, if any.
        decision: whether the word is kept.
    """

    word: str
    word_id: int | None
    category: int | None
    source: str
    intensity: float | None
    decision: Decision = Decision.KEPT


def select_words(
    candidates: Iterable[Candidate],
    words: Sequence[str],
    statistic: LogOdds,
    settings: LexiconSettings,
    neutral: Container[int],
) -> list[Choice]:
    """Decides about every candidate and adds learned words.

    Args:
        candidates: the words of the lexicons, normalized.
        words: the response vocabulary.
        statistic: log-odds ratios of these words in each category.
        settings: the settings.
        neutral: ids of categories for which no words are learned.

    Returns:
        The choices, ordered by category (without a category first), descending z-score and word.
    """
    ids = {word: id_ for id_, word in enumerate(words) if id_ >= len(SPECIALS)}
    choices = [
        _filtered(choice, statistic, settings) for choice in _merged(candidates, ids, settings)
    ]
    if settings.ambiguous == "highest":
        choices = _resolve_ambiguous(choices, statistic)
    if settings.learn:
        choices += _learned(choices, words, statistic, settings, neutral)
    z = statistic.z

    def order(choice: Choice) -> tuple[int, float, str, str]:
        category = -1 if choice.category is None else choice.category
        scored = choice.category is not None and choice.word_id is not None
        negative_z = -float(z[choice.category, choice.word_id]) if scored else np.inf
        return category, negative_z, choice.word, choice.source

    return sorted(choices, key=order)


def kept_words(choices: Iterable[Choice], categories: int) -> list[list[str]]:
    """Returns the kept words of each category, in the order of the choices."""
    memory: list[list[str]] = [[] for _ in range(categories)]
    for choice in choices:
        if choice.decision is Decision.KEPT and choice.category is not None:
            memory[choice.category].append(choice.word)
    return memory


def _merged(
    candidates: Iterable[Candidate], ids: dict[str, int], settings: LexiconSettings
) -> list[Choice]:
    """Merges candidates with the same word and category; one sufficient intensity is enough."""
    groups: dict[tuple[str, int | None], list[Candidate]] = {}
    for candidate in candidates:
        groups.setdefault((candidate.word, candidate.category), []).append(candidate)
    choices = []
    for (word, category), group in groups.items():
        intensities = [c.intensity for c in group if c.intensity is not None]
        strong = len(intensities) < len(group) or max(intensities) >= settings.min_intensity
        choices.append(
            Choice(
                word,
                ids.get(word),
                category,
                "+".join(dict.fromkeys(candidate.source for candidate in group)),
                max(intensities, default=None),
                Decision.KEPT if strong else Decision.INTENSITY,
            )
        )
    return choices


def _filtered(choice: Choice, statistic: LogOdds, settings: LexiconSettings) -> Choice:
    if choice.category is None:
        return replace(choice, decision=Decision.NO_CATEGORY)
    if choice.decision is not Decision.KEPT:
        return choice
    if choice.word_id is None:
        return replace(choice, decision=Decision.VOCABULARY)
    generic = statistic.upper[choice.category, choice.word_id] < settings.min_log_odds
    return replace(choice, decision=Decision.GENERIC) if settings.filter and generic else choice


def _resolve_ambiguous(choices: list[Choice], statistic: LogOdds) -> list[Choice]:
    """Keeps a word of several categories only in the one where it ranks highest."""

    def rank(choice: Choice, by_intensity: bool) -> tuple[float, float, int]:
        assert choice.category is not None and choice.word_id is not None
        intensity = (choice.intensity or 0.0) if by_intensity else 0.0
        ratio = float(statistic.ratio[choice.category, choice.word_id])
        return intensity, ratio, -choice.category

    kept = sorted((c for c in choices if c.decision is Decision.KEPT), key=lambda c: c.word)
    best_categories = {}
    for word, group in groupby(kept, key=lambda choice: choice.word):
        same_word = list(group)
        by_intensity = all(choice.intensity is not None for choice in same_word)
        best_categories[word] = max(same_word, key=lambda c: rank(c, by_intensity)).category
    return [
        replace(choice, decision=Decision.AMBIGUOUS)
        if choice.decision is Decision.KEPT and choice.category != best_categories[choice.word]
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
    """Returns the words that the corpus shows to be characteristic and no lexicon has provided."""
    z = statistic.z
    categories = range(len(z))
    has_letters = [any(character.isalpha() for character in word) for word in words]
    candidates = (statistic.lower >= settings.min_log_odds) & (
        statistic.counts >= settings.min_count
    )
    candidates &= np.array(has_letters) & (np.arange(len(words)) >= len(SPECIALS))
    candidates &= np.array([[category not in neutral] for category in categories])
    for choice in choices:
        if choice.decision is Decision.KEPT:
            taken = slice(None) if settings.ambiguous == "highest" else choice.category
            candidates[taken, choice.word_id] = False
    if settings.ambiguous == "highest":
        best = np.where(candidates, z, -np.inf).argmax(0)
        candidates &= best == np.array(categories)[:, None]
    learned = []
    for category in categories:
        ids = np.flatnonzero(candidates[category]).tolist()
        ids.sort(key=lambda id_: (-z[category, id_], words[id_]))
        learned += [
            Choice(words[id_], id_, category, LEARNED, None) for id_ in ids[: settings.learn]
        ]
    return learned
