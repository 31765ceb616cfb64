"""Text summary of a finished dataset."""

from collections.abc import Mapping, Sequence
from typing import Any

from ecm_tf.report.tables import aligned, percent
from ecm_tf.text.emotions import Emotions


def summary(counts: Mapping[str, Any], emotions: Emotions) -> str:
    """Returns the `counts` of a dataset's manifest as a table and a few lines."""
    splits = list(counts["pairs"])
    rows: list[Sequence[object]] = [("", *splits), ("pairs", *counts["pairs"].values())]
    for id_, emotion in enumerate(emotions):
        label = f"  {id_} {emotion.name}"
        rows.append((label, *(counts["emotions"][split][id_] for split in splits)))
    for side in ("post", "response"):
        rows.append((f"{side} tokens", *(counts["tokens"][split][side] for split in splits)))
        shares = (percent(counts["coverage"][split][side]) for split in splits)
        rows.append(("  in vocabulary", *shares))
    words = counts["vocabulary"]
    lines = [
        *aligned(rows),
        f"vocabulary: {words['post']} post words, {words['response']} response words",
        f"external memory: {_external_memory(counts['external_memory'], emotions)}",
        f"bad records skipped: {counts['rejected']}",
    ]
    if "tokenizer_agreement" in counts:
        lines.append(_agreement(counts["tokenizer_agreement"]))
    for split in (split for split, pairs in counts["pairs"].items() if not pairs):
        lines.append(f"note: {split} has no pairs; give --{split} FILE or raise --{split}_fraction")
    return "\n".join(lines)


def _external_memory(memory: Mapping[str, Sequence[int]], emotions: Emotions) -> str:
    if not any(memory["given"]):
        return "no words"
    counts = zip(emotions.names, memory["in_vocabulary"], memory["given"], strict=True)
    return (
        ", ".join(f"{name} {known} of {given}" for name, known, given in counts) + " in vocabulary"
    )


def _agreement(agreement: Mapping[str, Any]) -> str:
    on, off = (
        f"identical {percent(mode['identical'])}, boundary F1 {percent(mode['boundary_f1'])}"
        for mode in (agreement["hmm_on"], agreement["hmm_off"])
    )
    return f"tokenizer against jieba, {agreement['texts']} texts: {on}; without HMM: {off}"
