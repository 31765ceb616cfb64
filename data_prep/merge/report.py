"""Number of pairs of each source that a merged corpus keeps, or drops for each reason."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from data_prep.corpus.splits import SPLITS
from data_prep.merge.sources import Source
from ecm_tf.report.tables import markdown_table

REASONS = {
    "bad_record": "not a valid record",
    "length": "post or response too short or too long",
    "link": "post or response with a link",
    "no_letter": "response without a letter",
    "equal_to_post": "response equal to the post",
    "weight": "left out because the source's weight is below 1",
    "duplicate": "equal to an earlier pair of the same split",
    "held_out_post": "the post, or a near-duplicate of it, is in test (or, for train, in dev)",
    "same_response": "the response occurs too often in the training pairs",
    "near_duplicate": "post and response are near-duplicates of those of an earlier training pair",
}
"""The reasons for which pairs are lost, in the order in which they are checked."""


@dataclass
class SourceCounts:
    """Counts of a source: `given` is the sum of all `lost` and all `kept`.

    Attributes:
        given: number of pairs, bad records included.
        lost: number of lost pairs by reason.
        kept: number of kept pairs by split.
        train_lines: number of lines of `train.jsonl`, which depends on the weight.
    """

    given: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    train_lines: int = 0

    @classmethod
    def sum(cls, counts: Iterable["SourceCounts"]) -> "SourceCounts":
        """Returns the counts of several sources together."""
        total = cls()
        for source in counts:
            total.given += source.given
            total.lost += source.lost
            total.kept += source.kept
            total.train_lines += source.train_lines
        return total

    def to_dict(self) -> dict[str, Any]:
        """Returns the counts as JSON values, with zeros."""
        return {
            "given": self.given,
            "lost": {reason: self.lost[reason] for reason in REASONS},
            "kept": {split: self.kept[split] for split in SPLITS},
            "train_lines": self.train_lines,
        }


def count_table(counts: Mapping[str, SourceCounts]) -> str:
    """Returns the counts as a Markdown table, with the sums of all sources as its last row."""
    total = SourceCounts.sum(counts.values())
    rows = [[name, *map(_number, _cells(c))] for name, c in {**counts, "all": total}.items()]
    return markdown_table(["source", "given", *REASONS, *SPLITS, "train lines"], rows)


def _cells(counts: SourceCounts) -> list[int]:
    lost = [counts.lost[reason] for reason in REASONS]
    return [counts.given, *lost, *(counts.kept[split] for split in SPLITS), counts.train_lines]


def _number(value: int) -> str:
    return f"{value:,}"


def page(counts: Mapping[str, SourceCounts], sources: Mapping[str, Source]) -> str:
    """Returns the report as Markdown: counts, the meaning of the reasons, terms of the sources."""
    reasons = "\n".join(f"- `{reason}`: {meaning}" for reason, meaning in REASONS.items())
    terms = markdown_table(
        ["source", "weight", "terms", "where"],
        ([name, f"{s.weight:g}", s.terms or "none stated", s.url] for name, s in sources.items()),
    )
    return (
        f"# Merged corpus\n\n{count_table(counts)}\n\nEach row adds up: the pairs given are those "
        f"lost and those kept in train, dev and test.\n\n{reasons}\n\n## Sources\n\n{terms}\n"
    )
