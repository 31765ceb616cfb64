"""What `data_prep lexicon` tells: a summary to print, and a table with a row for every word."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence

from data_prep.lexicon.pipeline import Lexicon
from data_prep.lexicon.selection import LEARNED, Choice, Decision
from ecm_tf.report.tables import aligned, share

NAMED_GENERIC, NAMED_BEST = 5, 10
"""How many words of each category the summary names."""

_COLUMNS = (
    "category", "given", "weak", "unknown", "generic", "ambiguous", "learned", "kept",
    "own responses", "others",
)  # fmt: skip
_NOTES = """\
given: words of the lexicons; weak: below --min_intensity; unknown: not in the response vocabulary;
generic: the corpus is sure that they do not stand out; ambiguous: given to another category;
kept: given - weak - unknown - generic - ambiguous + learned;
own responses: training responses of the category that have a kept word; others: all others"""


def summary(lexicon: Lexicon) -> str:
    """Words and coverage of each category, for people to read."""
    lines = aligned([_COLUMNS, *_rows(lexicon)])
    homeless = sum(choice.decision is Decision.NO_CATEGORY for choice in lexicon.choices)
    if homeless:
        lines.append(f"words of classes without a category: {homeless}")
    return "\n".join([*lines, _NOTES, *_named(lexicon)])


def table(lexicon: Lexicon) -> str:
    """Every proposed and learned word with its numbers and what became of it, as TSV."""
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
                *_numbers(lexicon, choice),
                choice.decision,
            ]
        )
    return text.getvalue()


def _numbers(lexicon: Lexicon, choice: Choice) -> Sequence[object]:
    if choice.category is None or choice.word_id is None:
        return "", "", "", ""
    at, statistic = (choice.category, choice.word_id), lexicon.statistic
    return (
        statistic.counts[at],
        statistic.elsewhere[at],
        f"{statistic.ratio[at]:.4f}",
        f"{statistic.error[at]:.4f}",
    )


def _rows(lexicon: Lexicon) -> Iterator[tuple[str, ...]]:
    total, reached_by = lexicon.responses.sum(), lexicon.reached.sum(0)
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


def _named(lexicon: Lexicon) -> Iterator[str]:
    frequency = lexicon.statistic.counts.sum(0)
    for category, emotion in enumerate(lexicon.emotions):
        generic = [
            choice
            for choice in lexicon.choices
            if choice.category == category and choice.decision is Decision.GENERIC
        ]
        generic.sort(key=lambda choice: (-frequency[choice.word_id], choice.word))
        if best := lexicon.memory[category][:NAMED_BEST]:
            yield f"{emotion.name}: surest words: {' '.join(best)}"
        if generic:
            often = " ".join(choice.word for choice in generic[:NAMED_GENERIC])
            yield f"{emotion.name}: most frequent generic words: {often}"
