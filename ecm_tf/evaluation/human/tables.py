"""The result of a human evaluation as Markdown tables."""

from ecm_tf.evaluation.human.agreement import COMBINATIONS, Agreement
from ecm_tf.report.tables import markdown_table, percent


def tables(agreement: Agreement) -> str:
    """Returns means, score combinations, comparisons and kappa, as Markdown.

    Numbers in parentheses are 95 % bootstrap intervals over posts.
    """
    return "\n\n".join(
        [
            _kappas(agreement),
            _means(agreement),
            _combinations(agreement),
            *([_comparisons(agreement)] if agreement.comparisons else []),
        ]
    )


def _kappas(agreement: Agreement) -> str:
    content, emotion = (
        "not defined" if kappa is None else f"{kappa:.3f}"
        for kappa in (agreement.content_kappa, agreement.emotion_kappa)
    )
    return (
        f"Annotators: {agreement.annotators}; rows: {agreement.rows}. "
        f"Fleiss' kappa: content {content}, emotion {emotion}."
    )


def _means(agreement: Agreement) -> str:
    headers = ["system", "content", "emotion"]
    for emotion in agreement.emotions:
        headers += [f"{emotion}: content", "emotion"]
    rows = []
    for scores in agreement.systems:
        row = [scores.system, scores.content.text(3), scores.emotion.text(3)]
        for means in zip(scores.content_by_emotion, scores.emotion_by_emotion, strict=True):
            row += [f"{value:.3f}" for value in means]
        rows.append(row)
    return markdown_table(headers, rows)


def _combinations(agreement: Agreement) -> str:
    headers = ["content-emotion", *(f"{content}-{emotion}" for content, emotion in COMBINATIONS)]
    return markdown_table(
        headers, [[s.system, *map(percent, s.combinations)] for s in agreement.systems]
    )


def _comparisons(agreement: Agreement) -> str:
    headers = ["first – second", "content", "p", "emotion", "p", "win", "tie", "loss"]
    rows = [
        [
            f"{c.first} – {c.second}",
            *(f"{c.content:+.3f}", _p(c.content_p), f"{c.emotion:+.3f}", _p(c.emotion_p)),
            *(percent(c.win), percent(c.tie), percent(c.loss)),
        ]
        for c in agreement.comparisons
    ]
    return markdown_table(headers, rows)


def _p(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
