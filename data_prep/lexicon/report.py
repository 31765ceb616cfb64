"""Output of `data_prep lexicon`: a text summary, and a table with one row per word."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence

from data_prep.lexicon.pipeline import Lexicon
from data_prep.lexicon.selection import LEARNED, Choice, Decision
from ecm_tf.report.tables import aligned, share

GENERIC_WORDS, BEST_WORDS = 5, 10
"""Number of generic words and of selected words per category in the summary."""

_COLUMNS = (
    "category", "given", "weak", "unknown", "generic", "ambiguous", "learned", "kept",
    "own responses", "others",
)  # fmt: skip
_NOTES = """\
given: words of the lexicons; weak: below --min_intensity; unknown: not in the response vocabulary;
generic: not characteristic of the category in the corpus; ambiguous: assigned to another category;
kept: given - weak - unknown - generic - ambiguous + learned;
own responses: fraction of the category's training responses that contain a kept word;
others: the same fraction of all other training responses"""


def summary(lexicon: Lexicon) -> str:
    """Returns the numbers of words and the coverage of each category."""
    lines = aligned([_COLUMNS, *_rows(lexicon)])
    unmapped = sum(choice.decision is Decision.NO_CATEGORY for choice in lexicon.choices)
    if unmapped:
        lines.append(f"words of classes without a category: {unmapped}")
    return "\n".join([*lines, _NOTES, *_examples(lexicon)])


def table(lexicon: Lexicon) -> str:
    """Returns all candidate and learned words with their statistics and decisions, as TSV."""
    text = io.StringIO()
    writer = csv.writer(text, "excel-tab", lineterminator="\n")
    writer.writerow(
        [
            *("word", "category", "source", "intensity", "count_in_category", "count_elsewhere"),
            *("log_odds", "standard_error", "decision"),
        ]
    )
    for choice in lexicon.choices:
        category = "" if choice.category is None else lexicon.emotions[choice.category].name
        intensity = "" if choice.intensity is None else f"{choice.intensity:g}"
        writer.writerow(
            [
                *(choice.word, category, choice.source, intensity),
                *_statistics(lexicon, choice),
                choice.decision,
            ]
        )
    return text.getvalue()


def _statistics(lexicon: Lexicon, choice: Choice) -> Sequence[object]:
    if choice.category is None or choice.word_id is None:
        return "", "", "", ""
    index, statistic = (choice.category, choice.word_id), lexicon.statistic
    return (
        statistic.counts[index],
        statistic.elsewhere[index],
        f"{statistic.ratio[index]:.4f}",
        f"{statistic.error[index]:.4f}",
    )


def _rows(lexicon: Lexicon) -> Iterator[tuple[str, ...]]:
    total, reached_by = lexicon.responses.sum(), lexicon.reached.sum(1)
    for category, emotion in enumerate(lexicon.emotions):
        choices = [choice for choice in lexicon.choices if choice.category == category]
        given = [choice for choice in choices if choice.source != LEARNED]
        decisions = Counter(choice.decision for choice in given)
        dropped = (Decision.INTENSITY, Decision.VOCABULARY, Decision.GENERIC, Decision.AMBIGUOUS)
        own, reached = lexicon.responses[category], lexicon.reached[category, category]
        counts = (
            len(given),
            *(decisions[decision] for decision in dropped),
            len(choices) - len(given),
            len(lexicon.memory[category]),
        )
        yield (
            emotion.name,
            *map(str, counts),
            share(reached, own),
            share(reached_by[category] - reached, total - own),
        )


def _examples(lexicon: Lexicon) -> Iterator[str]:
    frequency = lexicon.statistic.counts.sum(0)
    for category, emotion in enumerate(lexicon.emotions):
        generic = [
            choice
            for choice in lexicon.choices
            if choice.category == category and choice.decision is Decision.GENERIC
        ]
        generic.sort(key=lambda choice: (-frequency[choice.word_id], choice.word))
        if best := lexicon.memory[category][:BEST_WORDS]:
            yield f"{emotion.name}: words with the highest z-scores: {' '.join(best)}"
        if generic:
            frequent = " ".join(choice.word for choice in generic[:GENERIC_WORDS])
            yield f"{emotion.name}: most frequent generic words: {frequent}"
